namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// The commands of VFIO (<c>include/uapi/linux/vfio.h</c>), without the bits for "no argument", which differ by architecture: <see
/// cref="FileDescriptor"/> adds them.
/// </summary>
internal static class VfioIoctl
{
    /// <summary>What <see cref="VFIO_GET_API_VERSION"/> must answer.</summary>
    public const int VFIO_API_VERSION = 0;

    public const uint VFIO_TYPE = ';';
    public const uint VFIO_BASE = 100;

    /// <summary>Of a container.</summary>
    public const uint VFIO_GET_API_VERSION = (VFIO_TYPE << 8) + VFIO_BASE + 0;

    /// <summary>Of a container, with one of <see cref="VfioExtensions"/>: 1 or more where it is there, else 0.</summary>
    public const uint VFIO_CHECK_EXTENSION = (VFIO_TYPE << 8) + VFIO_BASE + 1;

    /// <summary>Of a container, with one of <see cref="VfioExtensions"/>.</summary>
    public const uint VFIO_SET_IOMMU = (VFIO_TYPE << 8) + VFIO_BASE + 2;

    /// <summary>Of a group, with a <see cref="VfioGroupStatus"/>.</summary>
    public const uint VFIO_GROUP_GET_STATUS = (VFIO_TYPE << 8) + VFIO_BASE + 3;

    /// <summary>Of a group, with the address of the container's descriptor.</summary>
    public const uint VFIO_GROUP_SET_CONTAINER = (VFIO_TYPE << 8) + VFIO_BASE + 4;

    /// <summary>Of a group.</summary>
    public const uint VFIO_GROUP_UNSET_CONTAINER = (VFIO_TYPE << 8) + VFIO_BASE + 5;

    /// <summary>
    /// Of a group, with the function's address as text, <c> vf_token=UUID</c> after it where its PF wants one, and a NUL; gives a
    /// descriptor.
    /// </summary>
    public const uint VFIO_GROUP_GET_DEVICE_FD = (VFIO_TYPE << 8) + VFIO_BASE + 6;

    /// <summary>Of a device, with a <see cref="VfioDeviceInfo"/>.</summary>
    public const uint VFIO_DEVICE_GET_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 7;

    /// <summary>Of a device, with a <see cref="VfioRegionInfo"/>.</summary>
    public const uint VFIO_DEVICE_GET_REGION_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 8;

    /// <summary>Of a device, with a <see cref="VfioIrqInfo"/>.</summary>
    public const uint VFIO_DEVICE_GET_IRQ_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 9;

    /// <summary>Of a device, with a <see cref="VfioIrqSet"/> and its data.</summary>
    public const uint VFIO_DEVICE_SET_IRQS = (VFIO_TYPE << 8) + VFIO_BASE + 10;

    /// <summary>Of a device.</summary>
    public const uint VFIO_DEVICE_RESET = (VFIO_TYPE << 8) + VFIO_BASE + 11;

    /// <summary>Of a device, with a <see cref="VfioPciHotResetInfo"/> and room for its devices.</summary>
    public const uint VFIO_DEVICE_GET_PCI_HOT_RESET_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 12;

    /// <summary>Of a device, with a <see cref="VfioPciHotReset"/> and its descriptors.</summary>
    public const uint VFIO_DEVICE_PCI_HOT_RESET = (VFIO_TYPE << 8) + VFIO_BASE + 13;

    /// <summary>Of a device, with a <see cref="VfioDeviceFeature"/> and its data.</summary>
    public const uint VFIO_DEVICE_FEATURE = (VFIO_TYPE << 8) + VFIO_BASE + 17;

    /// <summary>Of a device of <c>/dev/vfio/devices</c>, with a <see cref="VfioDeviceBindIommuFd"/>.</summary>
    public const uint VFIO_DEVICE_BIND_IOMMUFD = (VFIO_TYPE << 8) + VFIO_BASE + 18;

    /// <summary>Of a bound device, with a <see cref="VfioDeviceAttachIommuFdPt"/>.</summary>
    public const uint VFIO_DEVICE_ATTACH_IOMMUFD_PT = (VFIO_TYPE << 8) + VFIO_BASE + 19;

    /// <summary>Of a bound device, with a <see cref="VfioDeviceDetachIommuFdPt"/>.</summary>
    public const uint VFIO_DEVICE_DETACH_IOMMUFD_PT = (VFIO_TYPE << 8) + VFIO_BASE + 20;

    /// <summary>Of a TYPE1 container, with a <see cref="VfioIommuType1Info"/>.</summary>
    public const uint VFIO_IOMMU_GET_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 12;

    /// <summary>Of a container, with a <see cref="VfioIommuType1DmaMap"/>.</summary>
    public const uint VFIO_IOMMU_MAP_DMA = (VFIO_TYPE << 8) + VFIO_BASE + 13;

    /// <summary>Of a container, with a <see cref="VfioIommuType1DmaUnmap"/>.</summary>
    public const uint VFIO_IOMMU_UNMAP_DMA = (VFIO_TYPE << 8) + VFIO_BASE + 14;

    /// <summary>Of an SPAPR container, with a <see cref="VfioIommuSpaprTceInfo"/>.</summary>
    public const uint VFIO_IOMMU_SPAPR_TCE_GET_INFO = (VFIO_TYPE << 8) + VFIO_BASE + 12;

    /// <summary>Of an SPAPR v2 container, with a <see cref="VfioIommuSpaprRegisterMemory"/>.</summary>
    public const uint VFIO_IOMMU_SPAPR_REGISTER_MEMORY = (VFIO_TYPE << 8) + VFIO_BASE + 17;

    /// <summary>Of an SPAPR v2 container, with a <see cref="VfioIommuSpaprRegisterMemory"/>.</summary>
    public const uint VFIO_IOMMU_SPAPR_UNREGISTER_MEMORY = (VFIO_TYPE << 8) + VFIO_BASE + 18;

    /// <summary>Of an SPAPR v2 container, with a <see cref="VfioIommuSpaprTceCreate"/>.</summary>
    public const uint VFIO_IOMMU_SPAPR_TCE_CREATE = (VFIO_TYPE << 8) + VFIO_BASE + 19;

    /// <summary>Of an SPAPR v2 container, with a <see cref="VfioIommuSpaprTceRemove"/>.</summary>
    public const uint VFIO_IOMMU_SPAPR_TCE_REMOVE = (VFIO_TYPE << 8) + VFIO_BASE + 20;
}
