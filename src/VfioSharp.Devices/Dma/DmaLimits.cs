using System.Collections.Immutable;

namespace VfioSharp.Devices.Dma;

/// <summary>What a backend lets a function address.</summary>
/// <param name="Ranges">The usable addresses, ascending and apart, reserved regions (the MSI window) left out.</param>
/// <param name="PageSizes">The IOMMU's page sizes, a bit each; mappings are multiples of the lowest.</param>
/// <param name="MaxMappings">How many mappings can exist at once; <see cref="int.MaxValue"/> where there is no known limit.</param>
internal sealed record DmaLimits(ImmutableArray<IovaRange> Ranges, ulong PageSizes, int MaxMappings)
{
    /// <summary>Whoever hands out the addresses, where functions share them: those of one IOMMU group do. Null where the function has them to itself.</summary>
    public IovaAllocator? Addresses { get; init; }

    /// <summary>Who wants to know of writes beyond a buffer's end. Buffers then have nothing but a guard before and behind them. Null as a rule.</summary>
    public IDmaGuard? Guard { get; init; }
}
