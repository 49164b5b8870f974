namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary>
/// The commands of <c>/dev/iommu</c> (<c>include/uapi/linux/iommufd.h</c>), without the bits for "no argument", which differ by
/// architecture: <see cref="FileDescriptor"/> adds them.
/// </summary>
internal static class IommuFdIoctl
{
    public const uint IOMMUFD_TYPE = ';';

    /// <summary>With an <see cref="IommuDestroy"/>.</summary>
    public const uint IOMMU_DESTROY = (IOMMUFD_TYPE << 8) + 0x80;

    /// <summary>With an <see cref="IommuIoasAlloc"/>.</summary>
    public const uint IOMMU_IOAS_ALLOC = (IOMMUFD_TYPE << 8) + 0x81;

    /// <summary>With an <see cref="IommuIoasAllowIovas"/>.</summary>
    public const uint IOMMU_IOAS_ALLOW_IOVAS = (IOMMUFD_TYPE << 8) + 0x82;

    /// <summary>With an <see cref="IommuIoasCopy"/>.</summary>
    public const uint IOMMU_IOAS_COPY = (IOMMUFD_TYPE << 8) + 0x83;

    /// <summary>With an <see cref="IommuIoasIovaRanges"/>.</summary>
    public const uint IOMMU_IOAS_IOVA_RANGES = (IOMMUFD_TYPE << 8) + 0x84;

    /// <summary>With an <see cref="IommuIoasMap"/>.</summary>
    public const uint IOMMU_IOAS_MAP = (IOMMUFD_TYPE << 8) + 0x85;

    /// <summary>With an <see cref="IommuIoasUnmap"/>.</summary>
    public const uint IOMMU_IOAS_UNMAP = (IOMMUFD_TYPE << 8) + 0x86;

    /// <summary>With an <see cref="IommuOption"/>.</summary>
    public const uint IOMMU_OPTION = (IOMMUFD_TYPE << 8) + 0x87;
}
