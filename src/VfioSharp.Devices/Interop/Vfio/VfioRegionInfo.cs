using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_region_info</c> (<c>include/uapi/linux/vfio.h</c>): one region of a device.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioRegionInfo
{
    public const uint VFIO_REGION_INFO_FLAG_READ = 1 << 0;
    public const uint VFIO_REGION_INFO_FLAG_WRITE = 1 << 1;
    public const uint VFIO_REGION_INFO_FLAG_MMAP = 1 << 2;
    public const uint VFIO_REGION_INFO_FLAG_CAPS = 1 << 3;

    public uint argsz;
    public uint flags;
    public uint index;
    public uint cap_offset;
    public ulong size;

    /// <summary>Where the region begins in the device's file.</summary>
    public ulong offset;
}
