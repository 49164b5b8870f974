using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_iova_range</c> (<c>include/uapi/linux/vfio.h</c>): addresses that a device may use.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIovaRange
{
    public ulong start;

    /// <summary>The last address, not the one after.</summary>
    public ulong end;
}
