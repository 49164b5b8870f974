using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Regions;

/// <summary>Writes down a region as <see cref="RegionDescription"/> reads it: the description, and behind it a chain of capabilities.</summary>
internal static class RegionInfoWriter
{
    private static readonly int DescriptionLength = (int)NativeSize.Of<VfioRegionInfo>();

    /// <summary>The whole description. Whoever has room for less is given its fixed part, <see cref="VfioRegionInfo"/>, alone.</summary>
    /// <param name="index">Which region.</param>
    /// <param name="length">Its length in bytes; 0 where there is none.</param>
    /// <param name="isMappable">Whether anything of it can be mapped.</param>
    /// <param name="areas">What of it can be mapped; null where that is all of it, or where user space has to know.</param>
    /// <param name="isMsixMappable">Whether it is said that the page of the MSI-X table is among it.</param>
    /// <param name="hasEmptyList">Whether a list of capabilities is there though none is in it, as the patch series of 2017 says what can be mapped.</param>
    /// <param name="type">What a region beyond those of PCI is.</param>
    public static byte[] Write(
        int index, ulong length, bool isMappable, ImmutableArray<ByteRange>? areas = null, bool isMsixMappable = false, bool hasEmptyList = false, RegionType? type = null)
    {
        byte[] info = new byte[DescriptionLength];
        uint flags = length == 0 ? 0 : VfioRegionInfo.VFIO_REGION_INFO_FLAG_READ | VfioRegionInfo.VFIO_REGION_INFO_FLAG_WRITE;
        int last = 0;
        if (isMappable)
        {
            flags |= VfioRegionInfo.VFIO_REGION_INFO_FLAG_MMAP;
            if (areas is { } some)
            {
                Add(ref info, ref last, VfioCapabilities.VFIO_REGION_INFO_CAP_SPARSE_MMAP, Areas(some));
            }

            if (isMsixMappable)
            {
                Add(ref info, ref last, VfioCapabilities.VFIO_REGION_INFO_CAP_MSIX_MAPPABLE, []);
            }
        }

        if (type is { } known)
        {
            Add(ref info, ref last, VfioCapabilities.VFIO_REGION_INFO_CAP_TYPE, MemoryMarshal.AsBytes<uint>([known.Type, known.Subtype]));
        }

        var description = new VfioRegionInfo
        {
            argsz = (uint)info.Length,
            flags = flags | (last == 0 && !hasEmptyList ? 0 : VfioRegionInfo.VFIO_REGION_INFO_FLAG_CAPS),
            index = (uint)index,
            cap_offset = last == 0 ? 0 : (uint)DescriptionLength,
            size = length,
        };
        MemoryMarshal.Write(info, in description);
        return info;
    }

    private static byte[] Areas(ImmutableArray<ByteRange> mapped)
    {
        VfioRegionSparseMmapArea[] areas = [.. mapped.Select(range => new VfioRegionSparseMmapArea { offset = range.Offset, size = range.Length })];
        return [.. MemoryMarshal.AsBytes<uint>([(uint)areas.Length, 0]), .. MemoryMarshal.AsBytes(areas.AsSpan())];
    }

    private static void Add(ref byte[] info, ref int last, ushort id, ReadOnlySpan<byte> content)
    {
        int at = info.Length;
        int headerLength = (int)NativeSize.Of<VfioInfoCapHeader>();
        Array.Resize(ref info, at + ((headerLength + content.Length + 7) & ~7));
        MemoryMarshal.Write(info.AsSpan(at), new VfioInfoCapHeader { id = id, version = 1 });
        content.CopyTo(info.AsSpan(at + headerLength));
        if (last != 0)
        {
            VfioInfoCapHeader previous = MemoryMarshal.Read<VfioInfoCapHeader>(info.AsSpan(last)) with { next = (uint)at };
            MemoryMarshal.Write(info.AsSpan(last), in previous);
        }

        last = at;
    }
}
