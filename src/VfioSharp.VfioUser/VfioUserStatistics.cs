using System.Collections.Immutable;

namespace VfioSharp.VfioUser;

/// <summary>What a server has done since it listens, over all its clients.</summary>
public sealed record VfioUserStatistics
{
    /// <summary>How many clients have been served.</summary>
    public long Clients { get; init; }

    /// <summary>How many connections ended because of what the peer did.</summary>
    public long Faults { get; init; }

    /// <summary>How many messages were answered with an error.</summary>
    public long Refusals { get; init; }

    /// <summary>How many commands came.</summary>
    public long Messages { get; init; }

    /// <summary>How many reads came over the socket, by region: BARs 0 to 5, ROM, configuration space, VGA. Mapped memory is read without.</summary>
    public ImmutableArray<long> RegionReads { get; init; } = [];

    /// <summary>How many writes came over the socket, by region; those that came together each count.</summary>
    public ImmutableArray<long> RegionWrites { get; init; } = [];

    /// <summary>How often memory of a client's had to be read or written by a message.</summary>
    public long MemoryMessages { get; init; }

    /// <summary>How many interrupts were signalled.</summary>
    public long Interrupts { get; init; }

    /// <summary>How often the kernel was asked for bytes from a client.</summary>
    public long Receives { get; init; }

    /// <summary>How often the kernel was given bytes for a client.</summary>
    public long Sends { get; init; }
}
