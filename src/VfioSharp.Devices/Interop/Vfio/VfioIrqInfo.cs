using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_irq_info</c> (<c>include/uapi/linux/vfio.h</c>): one kind of interrupt of a device.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIrqInfo
{
    public const uint VFIO_IRQ_INFO_EVENTFD = 1 << 0;
    public const uint VFIO_IRQ_INFO_MASKABLE = 1 << 1;

    /// <summary>Masked when it fires, until unmasked: INTx.</summary>
    public const uint VFIO_IRQ_INFO_AUTOMASKED = 1 << 2;

    /// <summary>The number of vectors in use cannot grow: disable and enable with more.</summary>
    public const uint VFIO_IRQ_INFO_NORESIZE = 1 << 3;

    public uint argsz;
    public uint flags;
    public uint index;
    public uint count;
}
