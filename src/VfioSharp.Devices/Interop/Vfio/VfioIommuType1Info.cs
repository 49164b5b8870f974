using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_iommu_type1_info</c> (<c>include/uapi/linux/vfio.h</c>): what the IOMMU of a container can do.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuType1Info
{
    public const uint VFIO_IOMMU_INFO_PGSIZES = 1 << 0;
    public const uint VFIO_IOMMU_INFO_CAPS = 1 << 1;

    public uint argsz;
    public uint flags;

    /// <summary>A bit for each page size.</summary>
    public ulong iova_pgsizes;
    public uint cap_offset;
    public uint pad;
}
