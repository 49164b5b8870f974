using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_irq_set</c> (<c>include/uapi/linux/vfio.h</c>): what to do with which interrupts; bytes or descriptors follow, as the
/// flags say.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIrqSet
{
    public const uint VFIO_IRQ_SET_DATA_NONE = 1 << 0;
    public const uint VFIO_IRQ_SET_DATA_BOOL = 1 << 1;

    /// <summary>A 32-bit descriptor each; -1 takes the one in place away.</summary>
    public const uint VFIO_IRQ_SET_DATA_EVENTFD = 1 << 2;
    public const uint VFIO_IRQ_SET_ACTION_MASK = 1 << 3;
    public const uint VFIO_IRQ_SET_ACTION_UNMASK = 1 << 4;
    public const uint VFIO_IRQ_SET_ACTION_TRIGGER = 1 << 5;

    public uint argsz;
    public uint flags;
    public uint index;
    public uint start;
    public uint count;
}
