using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_group_status</c> (<c>include/uapi/linux/vfio.h</c>): whether a group can be used.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioGroupStatus
{
    /// <summary>No function of the group has a driver that VFIO does not know to be safe.</summary>
    public const uint VFIO_GROUP_FLAGS_VIABLE = 1 << 0;
    public const uint VFIO_GROUP_FLAGS_CONTAINER_SET = 1 << 1;

    public uint argsz;
    public uint flags;
}
