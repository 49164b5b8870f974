using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_region_info_cap_type</c> (<c>include/uapi/linux/vfio.h</c>): what a region beyond the fixed ones is.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioRegionInfoCapType
{
    public VfioInfoCapHeader header;
    public uint type;
    public uint subtype;
}
