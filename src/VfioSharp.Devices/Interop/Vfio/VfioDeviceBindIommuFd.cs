using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_device_bind_iommufd</c> (<c>include/uapi/linux/vfio.h</c>): binds a device to an iommufd; isolation is checked here.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDeviceBindIommuFd
{
    public uint argsz;
    public uint flags;
    public int iommufd;
    public uint out_devid;
}
