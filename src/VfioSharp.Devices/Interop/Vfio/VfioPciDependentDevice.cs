using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_pci_dependent_device</c> (<c>include/uapi/linux/vfio.h</c>): a function that a hot reset takes along.</summary>
[StructLayout(LayoutKind.Explicit)]
internal struct VfioPciDependentDevice
{
    public const int VFIO_PCI_DEVID_OWNED = 0;
    public const int VFIO_PCI_DEVID_NOT_OWNED = -1;

    [FieldOffset(0)]
    public uint group_id;

    /// <summary>In place of the group, where <see cref="VfioPciHotResetInfo.VFIO_PCI_HOT_RESET_FLAG_DEV_ID"/> is set.</summary>
    [FieldOffset(0)]
    public uint devid;

    [FieldOffset(4)]
    public ushort segment;

    [FieldOffset(6)]
    public byte bus;

    /// <summary>Device in bits 7:3, function in bits 2:0.</summary>
    [FieldOffset(7)]
    public byte devfn;
}
