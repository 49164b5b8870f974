using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_pci_hot_reset</c> (<c>include/uapi/linux/vfio.h</c>): <c>count</c> descriptors of the groups follow; none with iommufd,
/// where ownership is the proof.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioPciHotReset
{
    public uint argsz;
    public uint flags;
    public uint count;
}
