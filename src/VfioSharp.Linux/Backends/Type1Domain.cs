using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;

namespace VfioSharp.Linux.Backends;

/// <summary>The mappings of a TYPE1v2 container (<c>drivers/vfio/vfio_iommu_type1.c</c>).</summary>
internal sealed class Type1Domain : DmaDomain
{
    private readonly FileDescriptor container;

    private Type1Domain(FileDescriptor container) => this.container = container;

    /// <summary>Asks a container whose IOMMU has been set.</summary>
    /// <param name="container">The container; stays its owner's.</param>
    /// <param name="reservedRegions">The lines of the group's <c>reserved_regions</c>, for kernels that do not tell the usable addresses.</param>
    public static Type1Domain Of(FileDescriptor container, ImmutableArray<string> reservedRegions)
    {
        var header = new VfioIommuType1Info { argsz = NativeSize.Of<VfioIommuType1Info>() };
        Errno error = DeviceFile.ReadInfo(VfioIoctl.VFIO_IOMMU_GET_INFO, container, header, out byte[] reply);
        Type1Info info = error == Errno.None ? Type1Info.Read(reply) : new Type1Info(0, null, null);
        return new Type1Domain(container)
        {
            Limits = new DmaLimits(
                info.Ranges ?? UsableAddresses.Outside(reservedRegions),
                info.PageSizes == 0 ? (ulong)Environment.SystemPageSize : info.PageSizes,
                info.AvailableMappings ?? int.MaxValue),
        };
    }

    /// <inheritdoc/>
    public override Errno Map(in DmaRegion region)
    {
        var argument = new VfioIommuType1DmaMap
        {
            argsz = NativeSize.Of<VfioIommuType1DmaMap>(),
            flags = FlagsOf(region.Access),
            vaddr = (ulong)region.Address,
            iova = region.Iova.Value,
            size = region.Length,
        };
        return container.Ioctl(VfioIoctl.VFIO_IOMMU_MAP_DMA, ref argument);
    }

    /// <inheritdoc/>
    public override Errno Unmap(in DmaRegion region)
    {
        var argument = new VfioIommuType1DmaUnmap { argsz = NativeSize.Of<VfioIommuType1DmaUnmap>(), iova = region.Iova.Value, size = region.Length };
        return container.Ioctl(VfioIoctl.VFIO_IOMMU_UNMAP_DMA, ref argument);
    }

    internal static uint FlagsOf(DmaAccess access) =>
        (access.HasFlag(DmaAccess.Read) ? VfioIommuType1DmaMap.VFIO_DMA_MAP_FLAG_READ : 0)
        | (access.HasFlag(DmaAccess.Write) ? VfioIommuType1DmaMap.VFIO_DMA_MAP_FLAG_WRITE : 0);
}
