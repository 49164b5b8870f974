namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>What a container may be asked for, and the kinds of IOMMU that it may be set to (<c>include/uapi/linux/vfio.h</c>).</summary>
internal static class VfioExtensions
{
    public const int VFIO_TYPE1_IOMMU = 1;
    public const int VFIO_SPAPR_TCE_IOMMU = 2;
    public const int VFIO_TYPE1v2_IOMMU = 3;

    /// <summary>The IOMMU keeps DMA coherent with the processor's caches whatever the device says.</summary>
    public const int VFIO_DMA_CC_IOMMU = 4;
    public const int VFIO_SPAPR_TCE_v2_IOMMU = 7;

    /// <summary>DMA without translation, for groups of <c>/dev/vfio/noiommu-*</c>.</summary>
    public const int VFIO_NOIOMMU_IOMMU = 8;

    /// <summary><see cref="VfioIommuType1DmaUnmap.VFIO_DMA_UNMAP_FLAG_ALL"/> is known.</summary>
    public const int VFIO_UNMAP_ALL = 9;
}
