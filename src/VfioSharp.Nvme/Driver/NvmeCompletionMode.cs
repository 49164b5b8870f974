namespace VfioSharp.Nvme.Driver;

/// <summary>Who looks for the completions of a queue.</summary>
public enum NvmeCompletionMode
{
    /// <summary>The controller interrupts; the process sleeps meanwhile. Without vectors, <see cref="Thread"/>.</summary>
    Interrupt,

    /// <summary>A thread of the queue's own, which spins while commands are under way and sleeps when there are none.</summary>
    Thread,

    /// <summary>The caller, by <see cref="NvmeQueue.Poll"/>: the fastest, and nothing completes unless it calls.</summary>
    Caller,
}
