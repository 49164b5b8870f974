using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_region_info_cap_sparse_mmap</c> (<c>include/uapi/linux/vfio.h</c>): <c>nr_areas</c> of <see
/// cref="VfioRegionSparseMmapArea"/> follow.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioRegionInfoCapSparseMmap
{
    public VfioInfoCapHeader header;
    public uint nr_areas;
    public uint reserved;
}
