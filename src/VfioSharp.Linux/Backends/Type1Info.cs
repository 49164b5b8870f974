using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Regions;

namespace VfioSharp.Linux.Backends;

/// <summary>What a TYPE1 container says of its IOMMU (<c>VFIO_IOMMU_GET_INFO</c>).</summary>
/// <param name="PageSizes">A bit for each page size; 0 where it does not say.</param>
/// <param name="Ranges">The usable addresses; null where it does not say (Linux before 5.4).</param>
/// <param name="AvailableMappings">How many more mappings there can be; null where it does not say (Linux before 5.10).</param>
internal sealed record Type1Info(ulong PageSizes, ImmutableArray<IovaRange>? Ranges, int? AvailableMappings)
{
    /// <summary>Reads the reply of a container.</summary>
    /// <param name="info">A <see cref="VfioIommuType1Info"/> with its capabilities.</param>
    public static Type1Info Read(ReadOnlySpan<byte> info)
    {
        int fixedLength = (int)NativeSize.Of<VfioIommuType1Info>();
        if (info.Length < fixedLength)
        {
            return new Type1Info(0, null, null);
        }

        VfioIommuType1Info header = MemoryMarshal.Read<VfioIommuType1Info>(info);
        bool hasCapabilities = (header.flags & VfioIommuType1Info.VFIO_IOMMU_INFO_CAPS) != 0;
        InfoCapabilityChain chain = hasCapabilities ? InfoCapabilityChain.Read(info, fixedLength, header.cap_offset) : InfoCapabilityChain.Empty;
        ImmutableArray<IovaRange>? ranges = null;
        int? available = null;
        foreach (InfoCapability capability in chain.Capabilities)
        {
            ReadOnlySpan<byte> bytes = capability.In(info);
            switch (capability.Id)
            {
                case VfioCapabilities.VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE when bytes.Length >= NativeSize.Of<VfioIommuType1InfoCapIovaRange>():
                    ranges = ReadRanges(bytes);
                    break;
                case VfioCapabilities.VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL when bytes.Length >= NativeSize.Of<VfioIommuType1InfoDmaAvail>():
                    available = (int)Math.Min(int.MaxValue, MemoryMarshal.Read<VfioIommuType1InfoDmaAvail>(bytes).avail);
                    break;
                default:
                    break;
            }
        }

        return new Type1Info((header.flags & VfioIommuType1Info.VFIO_IOMMU_INFO_PGSIZES) != 0 ? header.iova_pgsizes : 0, ranges, available);
    }

    private static ImmutableArray<IovaRange> ReadRanges(ReadOnlySpan<byte> capability)
    {
        int start = (int)NativeSize.Of<VfioIommuType1InfoCapIovaRange>();
        int length = (int)NativeSize.Of<VfioIovaRange>();
        uint count = MemoryMarshal.Read<VfioIommuType1InfoCapIovaRange>(capability).nr_iovas;
        var ranges = new List<IovaRange>();
        for (int at = start; count > 0 && at + length <= capability.Length; at += length, count--)
        {
            VfioIovaRange range = MemoryMarshal.Read<VfioIovaRange>(capability[at..]);
            if (range.end >= range.start)
            {
                ranges.Add(new IovaRange(new Iova(range.start), new Iova(range.end)));
            }
        }

        return UsableAddresses.Order(ranges);
    }
}
