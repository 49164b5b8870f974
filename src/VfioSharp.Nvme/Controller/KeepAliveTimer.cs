namespace VfioSharp.Nvme.Controller;

/// <summary>Fails the controller of a driver that has promised to be heard of and is not (NVM Express Base 2.0, 3.9).</summary>
internal sealed class KeepAliveTimer
{
    /// <summary>What a time-out is rounded up to, in milliseconds.</summary>
    public const int Granularity = 1000;

    private long deadline;

    /// <summary>The time-out as it was set, in milliseconds; 0 for none.</summary>
    public uint Timeout { get; private set; }

    /// <summary>Whether there is a time-out.</summary>
    public bool IsRunning => Timeout != 0;

    /// <summary>Whether nothing was heard for too long.</summary>
    public bool HasExpired => Timeout != 0 && Environment.TickCount64 > deadline;

    /// <summary>Sets the time-out.</summary>
    public void Set(uint milliseconds)
    {
        Timeout = milliseconds;
        Renew();
    }

    /// <summary>The driver was heard of.</summary>
    public void Renew() => deadline = Environment.TickCount64 + (((long)Timeout + Granularity - 1) / Granularity * Granularity);
}
