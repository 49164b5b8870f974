namespace VfioSharp.Devices.Interrupts;

/// <summary>How an <see cref="EventLoop"/> waits.</summary>
public sealed record EventLoopOptions
{
    /// <summary>The thread's name.</summary>
    public string Name { get; init; } = "vfiosharp-events";

    /// <summary>Poll without ever sleeping: a whole processor for the lowest latency.</summary>
    public bool Spin { get; init; }
}
