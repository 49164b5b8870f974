using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_region_sparse_mmap_area</c> (<c>include/uapi/linux/vfio.h</c>): a part of a region that can be mapped.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioRegionSparseMmapArea
{
    /// <summary>From the start of the region.</summary>
    public ulong offset;
    public ulong size;
}
