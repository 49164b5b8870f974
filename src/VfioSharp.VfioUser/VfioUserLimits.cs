using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser;

/// <summary>
/// What a peer may make this process hold, and how long it may keep it waiting. Each size that a peer chooses is held against one of these before
/// anything is taken for it; a peer that goes beyond ends its own connection, or is refused, as said with each.
/// </summary>
public sealed record VfioUserLimits
{
    /// <summary>The limits that hold unless others are given.</summary>
    public static VfioUserLimits Default { get; } = new();

    /// <summary>How many bytes one read or write of a region, of memory or of a state may have: 4096 up to 64 MiB. The peer is told; more is refused.</summary>
    public int MaxDataTransfer { get; init; } = Capabilities.DefaultMaxDataTransfer;

    /// <summary>How many descriptors may come along with one message: 1 to 253, the kernel's own limit. The peer is told; more ends the connection.</summary>
    public int MaxMessageDescriptors { get; init; } = 128;

    /// <summary>How many pieces of memory a client may show at once. It is told; more are refused (ENOSPC).</summary>
    public int MaxDmaMaps { get; init; } = Capabilities.DefaultMaxDmaMaps;

    /// <summary>How many bytes of memory a client may show at once. More are refused (ENOSPC).</summary>
    public ulong MaxDmaBytes { get; init; } = 1UL << 44;

    /// <summary>How many bytes of commands may pile up while the server waits for its client. More ends the connection.</summary>
    public int MaxQueuedBytes { get; init; } = 8 << 20;

    /// <summary>How many bytes a function's state may have, saved or restored. More fails the migration.</summary>
    public int MaxStateBytes { get; init; } = 256 << 20;

    /// <summary>How many clients of a socket may be connected at once: one is served, the others wait for it to leave. More wait to be accepted.</summary>
    public int MaxConnections { get; init; } = 16;

    /// <summary>How many regions a server may say that its function has. A client refuses one with more.</summary>
    public int MaxRegions { get; init; } = 64;

    /// <summary>How many ways of interrupting a server may say that its function has. A client refuses one with more.</summary>
    public int MaxInterruptKinds { get; init; } = 32;

    /// <summary>How many bytes a description of a region may have, its list of areas included. A client refuses a longer one.</summary>
    public int MaxRegionInfo { get; init; } = 64 << 10;

    /// <summary>How long a client that has connected may take to say its version. Then its connection ends.</summary>
    public TimeSpan GreetingTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a message may take from its first byte to its last. Then the connection ends.</summary>
    public TimeSpan MessageTime { get; init; } = TimeSpan.FromSeconds(10);

    /// <summary>How long a peer may take to make room for what it is sent. Then the connection ends.</summary>
    public TimeSpan SendTime { get; init; } = TimeSpan.FromSeconds(30);

    /// <summary>How long a peer may take to reply. Then the connection ends. Resets may take <see cref="ResetTime"/>.</summary>
    public TimeSpan ReplyTime { get; init; } = TimeSpan.FromSeconds(5);

    /// <summary>How long a server may take for a reset, for taking memory away, and for a change of migration's state.</summary>
    public TimeSpan ResetTime { get; init; } = TimeSpan.FromSeconds(60);

    /// <summary>How long the longest message may be, header included.</summary>
    internal int MaxMessageLength => MaxDataTransfer + (64 << 10);

    /// <exception cref="ArgumentOutOfRangeException">A limit is out of its range.</exception>
    internal void Check()
    {
        CheckRange(MaxDataTransfer, 4096, 64 << 20, nameof(MaxDataTransfer));
        CheckRange(MaxMessageDescriptors, 1, 253, nameof(MaxMessageDescriptors));
        CheckRange(MaxDmaMaps, 1, int.MaxValue, nameof(MaxDmaMaps));
        CheckRange(MaxQueuedBytes, 4096, int.MaxValue / 4, nameof(MaxQueuedBytes));
        CheckRange(MaxStateBytes, 0, 1 << 30, nameof(MaxStateBytes));
        CheckRange(MaxConnections, 1, int.MaxValue, nameof(MaxConnections));
        CheckRange(MaxRegions, 9, 4096, nameof(MaxRegions));
        CheckRange(MaxInterruptKinds, 5, 4096, nameof(MaxInterruptKinds));
        CheckRange(MaxRegionInfo, 4096, 16 << 20, nameof(MaxRegionInfo));
        foreach ((TimeSpan time, string name) in (ReadOnlySpan<(TimeSpan, string)>)[
            (GreetingTime, nameof(GreetingTime)), (MessageTime, nameof(MessageTime)), (SendTime, nameof(SendTime)), (ReplyTime, nameof(ReplyTime)), (ResetTime, nameof(ResetTime))])
        {
            ArgumentOutOfRangeException.ThrowIfLessThan(time, TimeSpan.FromMilliseconds(1), name);
            ArgumentOutOfRangeException.ThrowIfGreaterThan(time, TimeSpan.FromDays(1), name);
        }
    }

    private static void CheckRange(int value, int min, int max, string name)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(value, min, name);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(value, max, name);
    }
}
