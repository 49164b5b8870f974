using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Regions;

/// <summary>What the capabilities behind a region's description say (<c>VFIO_REGION_INFO_CAP_*</c>, <c>include/uapi/linux/vfio.h</c>).</summary>
internal sealed record RegionCapabilities
{
    private static readonly int SparseLength = (int)NativeSize.Of<VfioRegionInfoCapSparseMmap>();
    private static readonly int AreaLength = (int)NativeSize.Of<VfioRegionSparseMmapArea>();

    /// <summary>A region without a list of capabilities.</summary>
    public static RegionCapabilities None { get; } = new();

    /// <summary>Whether there is a list, though it may be empty (<c>VFIO_REGION_INFO_FLAG_CAPS</c>).</summary>
    public bool IsPresent { get; init; }

    /// <summary>Whether the list is there and holds nothing, not even anything wrong.</summary>
    public bool IsEmpty { get; init; }

    /// <summary>Whether the page of the MSI-X table can be mapped.</summary>
    public bool IsMsixMappable { get; init; }

    /// <summary>The only areas that can be mapped, as they were given; null where nothing restricts mapping.</summary>
    public ImmutableArray<ByteRange>? Areas { get; init; }

    /// <summary>What the region is, beyond those of PCI; null where it does not say.</summary>
    public RegionType? Type { get; init; }

    /// <summary>What is wrong with the list. What could be read of it holds.</summary>
    public ImmutableArray<string> Findings { get; init; } = [];

    /// <summary>Reads the capabilities of a region.</summary>
    /// <param name="info">The description (<see cref="VfioRegionInfo"/>, checked to be there) with all that was given behind it.</param>
    public static RegionCapabilities Read(ReadOnlySpan<byte> info)
    {
        VfioRegionInfo region = MemoryMarshal.Read<VfioRegionInfo>(info);
        if ((region.flags & VfioRegionInfo.VFIO_REGION_INFO_FLAG_CAPS) == 0)
        {
            return None;
        }

        InfoCapabilityChain chain = InfoCapabilityChain.Read(info, (int)NativeSize.Of<VfioRegionInfo>(), region.cap_offset);
        ImmutableArray<string>.Builder findings = chain.Findings.ToBuilder();
        ImmutableArray<ByteRange>.Builder? areas = null;
        bool isMappable = false;
        RegionType? type = null;
        foreach (InfoCapability capability in chain.Capabilities)
        {
            switch (capability.Id)
            {
                case VfioCapabilities.VFIO_REGION_INFO_CAP_SPARSE_MMAP:
                    areas ??= ImmutableArray.CreateBuilder<ByteRange>();
                    ReadAreas(capability.In(info), areas, findings);
                    break;
                case VfioCapabilities.VFIO_REGION_INFO_CAP_MSIX_MAPPABLE:
                    isMappable = true;
                    break;
                case VfioCapabilities.VFIO_REGION_INFO_CAP_TYPE when capability.In(info).Length < NativeSize.Of<VfioRegionInfoCapType>():
                    findings.Add("the type of the region is cut off");
                    break;
                case VfioCapabilities.VFIO_REGION_INFO_CAP_TYPE:
                    VfioRegionInfoCapType known = MemoryMarshal.Read<VfioRegionInfoCapType>(capability.In(info));
                    type = new RegionType(known.type, known.subtype);
                    break;
                default:
                    break; // says nothing of mapping
            }
        }

        return new RegionCapabilities
        {
            IsPresent = true,
            IsEmpty = chain.Capabilities.IsEmpty && chain.Findings.IsEmpty,
            IsMsixMappable = isMappable,
            Areas = areas?.ToImmutable(),
            Type = type,
            Findings = findings.ToImmutable(),
        };
    }

    private static void ReadAreas(ReadOnlySpan<byte> capability, ImmutableArray<ByteRange>.Builder areas, ImmutableArray<string>.Builder findings)
    {
        if (capability.Length < SparseLength)
        {
            findings.Add("the list of areas is cut off before its count");
            return;
        }

        uint count = MemoryMarshal.Read<VfioRegionInfoCapSparseMmap>(capability).nr_areas;
        int room = (capability.Length - SparseLength) / AreaLength;
        if (count > room)
        {
            findings.Add($"the list of areas says that it holds {count}, and has room for {room}");
        }

        for (int i = 0; i < Math.Min(count, room); i++)
        {
            VfioRegionSparseMmapArea area = MemoryMarshal.Read<VfioRegionSparseMmapArea>(capability[(SparseLength + (i * AreaLength))..]);
            if (area.size > ulong.MaxValue - area.offset)
            {
                findings.Add($"area {i} goes round the end of the address space");
            }
            else
            {
                areas.Add(new ByteRange(area.offset, area.size));
            }
        }
    }
}
