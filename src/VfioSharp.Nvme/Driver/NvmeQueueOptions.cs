namespace VfioSharp.Nvme.Driver;

/// <summary>What an I/O queue is to be like.</summary>
public sealed record NvmeQueueOptions
{
    /// <summary>How many commands can be under way at once, 1 to 4095; the controller may allow fewer.</summary>
    public int Depth { get; init; } = 128;

    /// <summary>Who looks for its completions.</summary>
    public NvmeCompletionMode Completion { get; init; }

    /// <summary>The interrupt vector, which several queues may share; null for one that the fewest others have.</summary>
    public int? Vector { get; init; }

    /// <summary>
    /// Run what awaits a command where its completion is found, at once, instead of through the thread pool. What runs there must not block: it
    /// delays the queue's other completions.
    /// </summary>
    public bool ContinueInline { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Check()
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(Depth, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(Depth, 4095);
        if (!Enum.IsDefined(Completion))
        {
            throw new ArgumentOutOfRangeException(nameof(Completion), Completion, "no such way of completion");
        }
    }
}
