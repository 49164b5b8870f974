using System.Collections.Immutable;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VfioUser;

/// <summary>A region of a served function, as its server describes it.</summary>
public sealed record ServedRegion
{
    /// <summary>0 to 5 a BAR, 6 the ROM, 7 configuration space, 8 VGA.</summary>
    public required int Index { get; init; }

    /// <summary>In bytes; 0 where there is none.</summary>
    public required ulong Length { get; init; }

    /// <summary>Whether it can be read.</summary>
    public required bool IsReadable { get; init; }

    /// <summary>Whether it can be written.</summary>
    public required bool IsWritable { get; init; }

    /// <summary>Whether the server offers to map it, or parts.</summary>
    public required bool IsMappable { get; init; }

    /// <summary>The only parts that it offers; null where it says nothing of parts.</summary>
    public ImmutableArray<ByteRange>? Areas { get; init; }

    /// <summary>Whether it says that the page of the MSI-X table can be mapped (<c>MSIX_MAPPABLE</c>).</summary>
    public required bool IsMsixMappable { get; init; }

    /// <summary>
    /// Whether a client here would map any of it. Not where the server could take the memory away (<see cref="VfioUserClientOptions.TrustPeerMemory"/>),
    /// or has given less than it says.
    /// </summary>
    public required bool IsUsable { get; init; }

    internal static ServedRegion Of(int index, RegionDescription region, RegionShape shape) => new()
    {
        Index = index,
        Length = region.Length,
        IsReadable = shape.IsReadable,
        IsWritable = shape.IsWritable,
        IsMappable = (region.Flags & VfioRegionInfo.VFIO_REGION_INFO_FLAG_MMAP) != 0,
        Areas = region.Capabilities.Areas,
        IsMsixMappable = region.Capabilities.IsMsixMappable,
        IsUsable = !shape.Mappable.IsEmpty,
    };
}
