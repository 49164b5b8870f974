using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Regions;

/// <summary>A region as the kernel or a vfio-user server describes it (<c>VFIO_DEVICE_GET_REGION_INFO</c>).</summary>
/// <param name="Length">Its length in bytes; 0 where there is none.</param>
/// <param name="Flags"><c>VFIO_REGION_INFO_FLAG_*</c>.</param>
/// <param name="FileOffset">Where it begins in the file through which it is reached and mapped.</param>
/// <param name="Capabilities">What follows the description.</param>
internal sealed record RegionDescription(ulong Length, uint Flags, ulong FileOffset, RegionCapabilities Capabilities)
{
    /// <summary>A region that is not there.</summary>
    public static RegionDescription Absent { get; } = new(0, 0, 0, RegionCapabilities.None);

    /// <summary>Reads a description.</summary>
    /// <param name="info">A whole reply: a <see cref="VfioRegionInfo"/> with its capabilities. What is too short for one describes nothing.</param>
    public static RegionDescription Read(ReadOnlySpan<byte> info)
    {
        if (info.Length < NativeSize.Of<VfioRegionInfo>())
        {
            return Absent;
        }

        VfioRegionInfo region = MemoryMarshal.Read<VfioRegionInfo>(info);
        return new RegionDescription(region.size, region.flags, region.offset, RegionCapabilities.Read(info));
    }

    /// <summary>The region as a function's shape holds it.</summary>
    /// <inheritdoc cref="FindMappable"/>
    public RegionShape ToShape(ByteRange? table, ulong pageSize, bool readsEmptyListAsMappable) =>
        new(Length, Has(VfioRegionInfo.VFIO_REGION_INFO_FLAG_READ), Has(VfioRegionInfo.VFIO_REGION_INFO_FLAG_WRITE),
            FindMappable(table, pageSize, readsEmptyListAsMappable));

    /// <summary>What of the region can be mapped, in whichever dialect it was said: all dialects are read here and nowhere else.</summary>
    /// <param name="table">The bytes of the MSI-X table if it lies in this region.</param>
    /// <param name="pageSize">The page size of whoever maps, in bytes, a power of two.</param>
    /// <param name="readsEmptyListAsMappable">
    /// Whether an empty list of capabilities means that the table's page can be mapped, as in the patch series of 2017 (docs/history.md). Released
    /// kernels never say it that way, and a vfio-user server that has no capabilities to tell may well send an empty list.
    /// </param>
    public ImmutableArray<ByteRange> FindMappable(ByteRange? table, ulong pageSize, bool readsEmptyListAsMappable)
    {
        if (!Has(VfioRegionInfo.VFIO_REGION_INFO_FLAG_MMAP) || Length == 0)
        {
            return BackendRanges.None;
        }

        var region = new ByteRange(0, Length);
        if (Capabilities.Areas is { } areas)
        {
            return BackendRanges.Areas(region, areas);
        }

        // Without a word about the table's page it cannot be mapped: Linux before 4.6 refuses, and a server without the capability expects as much.
        return table is not { IsEmpty: false } bytes || Capabilities.IsMsixMappable || (readsEmptyListAsMappable && Capabilities.IsEmpty)
            ? BackendRanges.Whole(region)
            : BackendRanges.AroundTable(region, bytes, pageSize);
    }

    private bool Has(uint flag) => (Flags & flag) != 0;
}
