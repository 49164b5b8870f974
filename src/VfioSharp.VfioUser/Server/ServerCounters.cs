using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>What a server counts, over all its clients. Written by whoever serves, read by anybody.</summary>
internal sealed class ServerCounters
{
    private readonly long[] messages = new long[(int)MessageCommand.MigrationDataWrite + 1];
    private readonly long[] regionReads = new long[16];
    private readonly long[] regionWrites = new long[16];
    private long clients;
    private long refusals;
    private long faults;
    private long interrupts;
    private long memoryMessages;
    private long receives;
    private long sends;

    public void CountClient() => Interlocked.Increment(ref clients);

    /// <summary>A client ended because of what it did.</summary>
    public void CountFault() => Interlocked.Increment(ref faults);

    /// <summary>A message was answered with an error.</summary>
    public void CountRefusal() => Interlocked.Increment(ref refusals);

    public void CountMemoryMessage() => Interlocked.Increment(ref memoryMessages);

    // The rest is counted by the one thread that serves at a time.
    public void Count(MessageCommand command)
    {
        uint index = (uint)command < (uint)messages.Length ? (uint)command : 0;
        messages[index]++;
    }

    public void CountRead(uint region) => regionReads[region & 15]++;

    public void CountWrite(uint region) => regionWrites[region & 15]++;

    /// <summary>A connection is over: what it counted itself is added.</summary>
    public void Add(long interrupts, long receives, long sends)
    {
        Interlocked.Add(ref this.interrupts, interrupts);
        Interlocked.Add(ref this.receives, receives);
        Interlocked.Add(ref this.sends, sends);
    }

    /// <summary>What has been counted, with what a connection that is under way has counted itself.</summary>
    public VfioUserStatistics Read(long interrupts, long receives, long sends) => new()
    {
        Clients = Volatile.Read(ref clients),
        Faults = Volatile.Read(ref faults),
        Refusals = Volatile.Read(ref refusals),
        Messages = messages.Sum(),
        RegionReads = [.. regionReads.Take(9)],
        RegionWrites = [.. regionWrites.Take(9)],
        MemoryMessages = Volatile.Read(ref memoryMessages),
        Interrupts = Volatile.Read(ref this.interrupts) + interrupts,
        Receives = Volatile.Read(ref this.receives) + receives,
        Sends = Volatile.Read(ref this.sends) + sends,
    };
}
