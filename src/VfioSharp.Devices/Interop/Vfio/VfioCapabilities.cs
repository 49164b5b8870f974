namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>What the capabilities behind a region or an IOMMU's description hold (<c>include/uapi/linux/vfio.h</c>).</summary>
internal static class VfioCapabilities
{
    /// <summary><see cref="VfioRegionInfoCapSparseMmap"/> and its areas: only they can be mapped.</summary>
    public const ushort VFIO_REGION_INFO_CAP_SPARSE_MMAP = 1;

    /// <summary><see cref="VfioRegionInfoCapType"/>.</summary>
    public const ushort VFIO_REGION_INFO_CAP_TYPE = 2;

    /// <summary>The page of the MSI-X table can be mapped; nothing but the header.</summary>
    public const ushort VFIO_REGION_INFO_CAP_MSIX_MAPPABLE = 3;

    /// <summary><see cref="VfioIommuType1InfoCapIovaRange"/> and its ranges.</summary>
    public const ushort VFIO_IOMMU_TYPE1_INFO_CAP_IOVA_RANGE = 1;
    public const ushort VFIO_IOMMU_TYPE1_INFO_CAP_MIGRATION = 2;

    /// <summary><see cref="VfioIommuType1InfoDmaAvail"/>.</summary>
    public const ushort VFIO_IOMMU_TYPE1_INFO_DMA_AVAIL = 3;
}
