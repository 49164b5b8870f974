using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_type1_info_cap_iova_range</c> (<c>include/uapi/linux/vfio.h</c>): <c>nr_iovas</c> of <see cref="VfioIovaRange"/>
/// follow.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuType1InfoCapIovaRange
{
    public VfioInfoCapHeader header;
    public uint nr_iovas;
    public uint reserved;
}
