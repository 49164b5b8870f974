using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Linux.Backends;

/// <summary>The argument of <c>VFIO_DEVICE_SET_IRQS</c>: a <see cref="VfioIrqSet"/> and, behind it, a descriptor for each vector.</summary>
internal static class IrqSetRequest
{
    private static readonly int HeaderLength = (int)NativeSize.Of<VfioIrqSet>();

    /// <summary>Gives vectors their eventfds; those that have none yet are enabled.</summary>
    /// <param name="kind">Whose vectors.</param>
    /// <param name="start">The first of them.</param>
    /// <param name="triggers">An eventfd each; null takes the one in place away.</param>
    public static byte[] Trigger(InterruptKind kind, int start, ReadOnlySpan<EventFd?> triggers)
    {
        byte[] request = Make(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, start, triggers.Length, triggers.Length * sizeof(int));
        Span<int> descriptors = MemoryMarshal.Cast<byte, int>(request.AsSpan(HeaderLength));
        for (int i = 0; i < triggers.Length; i++)
        {
            descriptors[i] = triggers[i]?.File.Number ?? -1;
        }

        return request;
    }

    /// <summary>Turns all vectors off.</summary>
    public static byte[] Disable(InterruptKind kind) => Make(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_NONE | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER, 0, 0, 0);

    /// <summary>Lets one vector fire again.</summary>
    public static byte[] Unmask(InterruptKind kind) => Make(kind, VfioIrqSet.VFIO_IRQ_SET_DATA_NONE | VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK, 0, 1, 0);

    private static byte[] Make(InterruptKind kind, uint flags, int start, int count, int dataLength)
    {
        byte[] request = new byte[HeaderLength + dataLength];
        var header = new VfioIrqSet { argsz = (uint)request.Length, flags = flags, index = (uint)kind, start = (uint)start, count = (uint)count };
        MemoryMarshal.Write(request, in header);
        return request;
    }
}
