using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Backends;

/// <summary>No-IOMMU mode: what a function puts on the bus is a physical address, and the kernel maps nothing.</summary>
internal sealed class UntranslatedDomain : DmaDomain
{
    /// <summary>Of any group without an IOMMU.</summary>
    public static UntranslatedDomain Instance { get; } = new() { Limits = new DmaLimits([], (ulong)Environment.SystemPageSize, int.MaxValue) };

    /// <inheritdoc/>
    public override Errno Map(in DmaRegion region) => Errno.EOPNOTSUPP;

    /// <inheritdoc/>
    public override Errno Unmap(in DmaRegion region) => Errno.None;
}
