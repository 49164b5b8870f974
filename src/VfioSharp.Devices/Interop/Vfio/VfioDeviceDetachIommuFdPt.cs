using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_device_detach_iommufd_pt</c> (<c>include/uapi/linux/vfio.h</c>): detaches a device from its address space.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDeviceDetachIommuFdPt
{
    public uint argsz;
    public uint flags;
}
