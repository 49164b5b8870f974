namespace VfioSharp.Nvme.Controller;

/// <summary>What <see cref="NvmeControllerStatistics"/> shows. Each is counted by one thread and read by any.</summary>
internal sealed class ControllerCounters
{
    public long AdminCommands;
    public long IoCommands;
    public long Reads;
    public long Writes;
    public long BytesRead;
    public long BytesWritten;
    public long Errors;
    public long DoorbellsSeen;
    public long DoorbellsTrapped;
    public long Interrupts;
    public long Sleeps;
    public long Enables;

    /// <summary>As they stand, each by itself.</summary>
    public NvmeControllerStatistics Read() => new()
    {
        AdminCommands = Volatile.Read(ref AdminCommands),
        IoCommands = Volatile.Read(ref IoCommands),
        Reads = Volatile.Read(ref Reads),
        Writes = Volatile.Read(ref Writes),
        BytesRead = Volatile.Read(ref BytesRead),
        BytesWritten = Volatile.Read(ref BytesWritten),
        Errors = Volatile.Read(ref Errors),
        DoorbellsSeen = Volatile.Read(ref DoorbellsSeen),
        DoorbellsTrapped = Volatile.Read(ref DoorbellsTrapped),
        Interrupts = Volatile.Read(ref Interrupts),
        Sleeps = Volatile.Read(ref Sleeps),
        Enables = Volatile.Read(ref Enables),
    };
}
