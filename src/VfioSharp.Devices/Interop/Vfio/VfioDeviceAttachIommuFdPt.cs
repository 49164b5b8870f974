using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_device_attach_iommufd_pt</c> (<c>include/uapi/linux/vfio.h</c>): attaches a device to an address space.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDeviceAttachIommuFdPt
{
    public uint argsz;
    public uint flags;

    /// <summary>The address space to attach to; on return the page table that serves it.</summary>
    public uint pt_id;
}
