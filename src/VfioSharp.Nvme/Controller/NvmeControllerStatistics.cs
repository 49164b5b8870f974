namespace VfioSharp.Nvme.Controller;

/// <summary>What a controller has done since it was made. Resets do not change it.</summary>
public readonly record struct NvmeControllerStatistics
{
    /// <summary>Commands of the admin queue.</summary>
    public long AdminCommands { get; init; }

    /// <summary>Commands of I/O queues, of any kind.</summary>
    public long IoCommands { get; init; }

    /// <summary>Reads and compares.</summary>
    public long Reads { get; init; }

    /// <summary>Writes; not Write Zeroes.</summary>
    public long Writes { get; init; }

    /// <summary>In bytes, of reads and compares.</summary>
    public long BytesRead { get; init; }

    /// <summary>In bytes, of writes.</summary>
    public long BytesWritten { get; init; }

    /// <summary>Commands that ended in an error.</summary>
    public long Errors { get; init; }

    /// <summary>How often a submission queue's doorbell was seen with a new value: polled, several rings may be one.</summary>
    public long DoorbellsSeen { get; init; }

    /// <summary>Writes to doorbells that came as messages.</summary>
    public long DoorbellsTrapped { get; init; }

    /// <summary>Messages of interrupts that were asked for.</summary>
    public long Interrupts { get; init; }

    /// <summary>How often it slept.</summary>
    public long Sleeps { get; init; }

    /// <summary>How often it was enabled.</summary>
    public long Enables { get; init; }
}
