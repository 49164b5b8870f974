namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary>The commands about an address space of an iommufd whose structures point elsewhere.</summary>
internal static class Ioas
{
    /// <summary>Reads the addresses that the devices of an address space may use, as they are now.</summary>
    /// <param name="iommu">An open <c>/dev/iommu</c>.</param>
    /// <param name="id">The address space.</param>
    /// <param name="ranges">Room for them.</param>
    /// <param name="count">How many there are; more than there was room for with EMSGSIZE.</param>
    /// <param name="alignment">What addresses and lengths must be multiples of.</param>
    public static unsafe Errno GetRanges(FileDescriptor iommu, uint id, Span<IommuIovaRange> ranges, out int count, out ulong alignment)
    {
        fixed (IommuIovaRange* first = ranges)
        {
            var argument = new IommuIoasIovaRanges
            {
                size = NativeSize.Of<IommuIoasIovaRanges>(),
                ioas_id = id,
                num_iovas = (uint)ranges.Length,
                allowed_iovas = (ulong)first,
            };
            Errno error = iommu.Ioctl(IommuFdIoctl.IOMMU_IOAS_IOVA_RANGES, ref argument);
            count = error is Errno.None or Errno.EMSGSIZE ? (int)argument.num_iovas : 0;
            alignment = argument.out_iova_alignment;
            return error;
        }
    }

    /// <summary>Confines the addresses that the kernel chooses from; devices that cannot do with them are refused later.</summary>
    /// <param name="iommu">An open <c>/dev/iommu</c>.</param>
    /// <param name="id">The address space.</param>
    /// <param name="ranges">In order and apart from each other; none lifts the restriction.</param>
    public static unsafe Errno AllowRanges(FileDescriptor iommu, uint id, ReadOnlySpan<IommuIovaRange> ranges)
    {
        fixed (IommuIovaRange* first = ranges)
        {
            var argument = new IommuIoasAllowIovas
            {
                size = NativeSize.Of<IommuIoasAllowIovas>(),
                ioas_id = id,
                num_iovas = (uint)ranges.Length,
                allowed_iovas = (ulong)first,
            };
            return iommu.Ioctl(IommuFdIoctl.IOMMU_IOAS_ALLOW_IOVAS, ref argument);
        }
    }
}
