using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.IommuFd;

namespace VfioSharp.Linux.Backends;

/// <summary>The mappings of an I/O address space of an iommufd (<c>Documentation/userspace-api/iommufd.rst</c>).</summary>
internal sealed class IoasDomain : DmaDomain
{
    private readonly FileDescriptor iommu;
    private readonly uint id;

    private IoasDomain(FileDescriptor iommu, uint id) => (this.iommu, this.id) = (iommu, id);

    /// <summary>Asks an address space that functions have been attached to: before, it does not know what they can address.</summary>
    /// <param name="iommu">The iommufd; stays its owner's.</param>
    /// <param name="id">The address space.</param>
    /// <param name="error">Why there is no answer; null is returned then.</param>
    public static IoasDomain? Of(FileDescriptor iommu, uint id, out Errno error)
    {
        var ranges = new IommuIovaRange[16];
        int count;
        ulong alignment;
        while ((error = Ioas.GetRanges(iommu, id, ranges, out count, out alignment)) == Errno.EMSGSIZE && count > ranges.Length)
        {
            ranges = new IommuIovaRange[count]; // another function's arrival may cut it in more pieces meanwhile
        }

        return error != Errno.None ? null : new IoasDomain(iommu, id) { Limits = ToLimits(ranges.AsSpan(0, Math.Min(count, ranges.Length)), alignment) };
    }

    /// <inheritdoc/>
    public override Errno Map(in DmaRegion region)
    {
        var argument = new IommuIoasMap
        {
            size = NativeSize.Of<IommuIoasMap>(),
            flags = IommuIoasMap.IOMMU_IOAS_MAP_FIXED_IOVA
                | (region.Access.HasFlag(DmaAccess.Read) ? IommuIoasMap.IOMMU_IOAS_MAP_READABLE : 0)
                | (region.Access.HasFlag(DmaAccess.Write) ? IommuIoasMap.IOMMU_IOAS_MAP_WRITEABLE : 0),
            ioas_id = id,
            user_va = (ulong)region.Address,
            length = region.Length,
            iova = region.Iova.Value,
        };
        return iommu.Ioctl(IommuFdIoctl.IOMMU_IOAS_MAP, ref argument);
    }

    /// <inheritdoc/>
    public override Errno Unmap(in DmaRegion region)
    {
        var argument = new IommuIoasUnmap { size = NativeSize.Of<IommuIoasUnmap>(), ioas_id = id, iova = region.Iova.Value, length = region.Length };
        return iommu.Ioctl(IommuFdIoctl.IOMMU_IOAS_UNMAP, ref argument);
    }

    /// <summary>What the kernel's answer means. Its alignment may be a byte where nothing restricts it: processes map whole pages all the same.</summary>
    internal static DmaLimits ToLimits(ReadOnlySpan<IommuIovaRange> ranges, ulong alignment)
    {
        var usable = new List<IovaRange>();
        foreach (IommuIovaRange range in ranges)
        {
            if (range.last >= range.start)
            {
                usable.Add(new IovaRange(new Iova(range.start), new Iova(range.last)));
            }
        }

        return new DmaLimits(UsableAddresses.Order(usable), Math.Max(alignment, (ulong)Environment.SystemPageSize), int.MaxValue);
    }
}
