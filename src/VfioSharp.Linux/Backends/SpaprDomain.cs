using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Linux.Backends;

/// <summary>
/// The mappings of an SPAPR_TCE_v2 container of Power (<c>drivers/vfio/vfio_iommu_spapr_tce.c</c>): memory is registered, which pins it, before it is mapped
/// in the default window. Written to the kernel's documents and checked against its headers; never run, as .NET has no runtime for those machines here.
/// </summary>
internal sealed class SpaprDomain : DmaDomain
{
    private const ulong TcePage = 4096; // IOMMU_PAGE_SIZE_4K: the default window's

    private readonly FileDescriptor container;

    private SpaprDomain(FileDescriptor container) => this.container = container;

    /// <summary>Asks a container whose IOMMU has been set; null where <paramref name="error"/> says why not.</summary>
    public static SpaprDomain? Of(FileDescriptor container, out Errno error)
    {
        var info = new VfioIommuSpaprTceInfo { argsz = NativeSize.Of<VfioIommuSpaprTceInfo>() };
        error = container.Ioctl(VfioIoctl.VFIO_IOMMU_SPAPR_TCE_GET_INFO, ref info);
        if (error != Errno.None)
        {
            return null;
        }

        ulong last = (ulong)info.dma32_window_start + info.dma32_window_size - 1;
        return new SpaprDomain(container)
        {
            Limits = new DmaLimits(
                info.dma32_window_size == 0 ? [] : [new IovaRange(new Iova(info.dma32_window_start), new Iova(last))], TcePage, int.MaxValue),
        };
    }

    /// <inheritdoc/>
    public override Errno Map(in DmaRegion region)
    {
        VfioIommuSpaprRegisterMemory memory = Memory(region);
        Errno error = container.Ioctl(VfioIoctl.VFIO_IOMMU_SPAPR_REGISTER_MEMORY, ref memory);
        if (error != Errno.None)
        {
            return error;
        }

        var argument = new VfioIommuType1DmaMap
        {
            argsz = NativeSize.Of<VfioIommuType1DmaMap>(),
            flags = Type1Domain.FlagsOf(region.Access),
            vaddr = (ulong)region.Address,
            iova = region.Iova.Value,
            size = region.Length,
        };
        error = container.Ioctl(VfioIoctl.VFIO_IOMMU_MAP_DMA, ref argument);
        if (error != Errno.None)
        {
            container.Ioctl(VfioIoctl.VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, ref memory);
        }

        return error;
    }

    /// <inheritdoc/>
    public override Errno Unmap(in DmaRegion region)
    {
        var argument = new VfioIommuType1DmaUnmap { argsz = NativeSize.Of<VfioIommuType1DmaUnmap>(), iova = region.Iova.Value, size = region.Length };
        Errno error = container.Ioctl(VfioIoctl.VFIO_IOMMU_UNMAP_DMA, ref argument);
        VfioIommuSpaprRegisterMemory memory = Memory(region);
        Errno unpinned = container.Ioctl(VfioIoctl.VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY, ref memory);
        return error == Errno.None ? unpinned : error;
    }

    private static VfioIommuSpaprRegisterMemory Memory(in DmaRegion region) =>
        new() { argsz = NativeSize.Of<VfioIommuSpaprRegisterMemory>(), vaddr = (ulong)region.Address, size = region.Length };
}
