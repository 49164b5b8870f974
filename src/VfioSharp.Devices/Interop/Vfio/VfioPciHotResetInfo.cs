using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_pci_hot_reset_info</c> (<c>include/uapi/linux/vfio.h</c>): <c>count</c> of <see cref="VfioPciDependentDevice"/> follow.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioPciHotResetInfo
{
    public const uint VFIO_PCI_HOT_RESET_FLAG_DEV_ID = 1 << 0;
    public const uint VFIO_PCI_HOT_RESET_FLAG_DEV_ID_OWNED = 1 << 1;

    public uint argsz;
    public uint flags;
    public uint count;
}
