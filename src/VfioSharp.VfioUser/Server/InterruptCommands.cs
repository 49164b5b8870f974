using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>The commands about interrupts: <c>DEVICE_GET_IRQ_INFO</c> and <c>DEVICE_SET_IRQS</c>. Holds the client's eventfds.</summary>
internal sealed class InterruptCommands(FunctionPort port, MessageStream stream) : IDisposable
{
    private const uint DataMask = VfioIrqSet.VFIO_IRQ_SET_DATA_NONE | VfioIrqSet.VFIO_IRQ_SET_DATA_BOOL | VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD;
    private const uint ActionMask = VfioIrqSet.VFIO_IRQ_SET_ACTION_MASK | VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK | VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER;

    private readonly Dictionary<(InterruptKind Kind, uint Action, int Vector), EventFd> held = [];
    private readonly Lock gate = new();
    private EventFd? listenedTo;

    /// <summary>How many ways of interrupting there are: INTx, MSI, MSI-X, error and request.</summary>
    public static int Kinds { get; } = Enum.GetValues<InterruptKind>().Length;

    public Errno GetInfo(in Message message, out Reply reply)
    {
        reply = default;
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out VfioIrqInfo info) || info.argsz < NativeSize.Of<VfioIrqInfo>() || info.index >= (uint)Kinds)
        {
            return Errno.EINVAL;
        }

        var kind = (InterruptKind)info.index;
        var answer = new VfioIrqInfo
        {
            argsz = NativeSize.Of<VfioIrqInfo>(),
            index = info.index,
            count = (uint)port.VectorCount(kind),
            flags = VfioIrqInfo.VFIO_IRQ_INFO_EVENTFD | kind switch
            {
                InterruptKind.Intx => VfioIrqInfo.VFIO_IRQ_INFO_MASKABLE | VfioIrqInfo.VFIO_IRQ_INFO_AUTOMASKED,
                InterruptKind.Msi or InterruptKind.Msix => VfioIrqInfo.VFIO_IRQ_INFO_MASKABLE,
                _ => 0,
            },
        };
        reply = Reply.Of(stream, in answer);
        return Errno.None;
    }

    public Errno Set(in Message message)
    {
        var reader = new MessageReader(message.Payload);
        if (!reader.TryRead(out VfioIrqSet set) || set.argsz < NativeSize.Of<VfioIrqSet>() || set.index >= (uint)Kinds || !IsValid(in set, reader.Rest.Length))
        {
            return Errno.EINVAL;
        }

        var kind = (InterruptKind)set.index;
        uint action = set.flags & ActionMask;
        uint data = set.flags & DataMask;
        if (set.count == 0)
        {
            port.ClearTriggers(kind);
            Drop(kind);
            return Errno.None;
        }

        if (data == VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD)
        {
            return SetEventFds(kind, action, (int)set.start, (int)set.count);
        }

        for (int i = 0; i < (int)set.count; i++)
        {
            if (data == VfioIrqSet.VFIO_IRQ_SET_DATA_NONE || reader.Rest[i] != 0)
            {
                Act(kind, action, (int)set.start + i);
            }
        }

        return Errno.None;
    }

    /// <summary>Lets go on whoever waits for room in an eventfd that the client has filled. One that has room keeps what is in it: the client may be slow.</summary>
    public void Rescue()
    {
        lock (gate)
        {
            foreach (EventFd eventFd in held.Values)
            {
                if ((eventFd.File.GetReady(PollFlags.POLLOUT) & PollFlags.POLLOUT) == 0)
                {
                    eventFd.Drain();
                }
            }
        }
    }

    /// <summary>Closes the client's eventfds, which nobody signals any more.</summary>
    public void Dispose()
    {
        foreach (InterruptKind kind in Enum.GetValues<InterruptKind>())
        {
            Drop(kind);
        }
    }

    private bool IsValid(in VfioIrqSet set, int dataLength)
    {
        uint action = set.flags & ActionMask;
        uint data = set.flags & DataMask;
        if ((set.flags & ~(ActionMask | DataMask)) != 0 || !uint.IsPow2(action) || !uint.IsPow2(data))
        {
            return false;
        }

        bool isTrigger = action == VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER;
        if ((InterruptKind)set.index is InterruptKind.Error or InterruptKind.Request && !isTrigger)
        {
            return false;
        }

        // A count of nothing turns the whole kind off.
        if (set.count == 0)
        {
            return set.start == 0 && isTrigger && data == VfioIrqSet.VFIO_IRQ_SET_DATA_NONE;
        }

        uint vectors = (uint)port.VectorCount((InterruptKind)set.index);
        return set.start < vectors && set.count <= vectors - set.start && (data != VfioIrqSet.VFIO_IRQ_SET_DATA_BOOL || (uint)dataLength == set.count)
            && (data == VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD || stream.Descriptors.Count == 0);
    }

    private Errno SetEventFds(InterruptKind kind, uint action, int start, int count)
    {
        var eventFds = new EventFd?[count];
        if (stream.Descriptors.Count > 0)
        {
            if (stream.Descriptors.Count != count || !TryTake(eventFds))
            {
                return Errno.EINVAL;
            }
        }

        EventFd?[] former = Exchange(kind, action, start, eventFds);
        switch (action)
        {
            case VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER:
                port.SetTriggers(kind, start, eventFds);
                break;
            case VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK when kind == InterruptKind.Intx:
                ListenTo(eventFds[0]);
                break;
            default:
                port.SetNotices(kind, action == VfioIrqSet.VFIO_IRQ_SET_ACTION_MASK, start, eventFds);
                break;
        }

        foreach (EventFd? eventFd in former)
        {
            eventFd?.Dispose();
        }

        return Errno.None;
    }

    // All or none: what is no eventfd is never written to.
    private bool TryTake(EventFd?[] eventFds)
    {
        for (int i = 0; i < eventFds.Length; i++)
        {
            if (EventFd.FromPeer(stream.Descriptors[i]) is not { } eventFd)
            {
                stream.Descriptors.RemoveRange(0, i);
                foreach (EventFd? taken in eventFds)
                {
                    taken?.Dispose();
                }

                return false;
            }

            eventFds[i] = eventFd;
        }

        stream.Descriptors.Clear();
        return true;
    }

    private EventFd?[] Exchange(InterruptKind kind, uint action, int start, EventFd?[] eventFds)
    {
        var former = new EventFd?[eventFds.Length];
        lock (gate)
        {
            for (int i = 0; i < eventFds.Length; i++)
            {
                held.Remove((kind, action, start + i), out former[i]);
                if (eventFds[i] is { } eventFd)
                {
                    held.Add((kind, action, start + i), eventFd);
                }
            }
        }

        return former;
    }

    private void Act(InterruptKind kind, uint action, int vector)
    {
        if (action == VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER)
        {
            port.Trigger(kind, vector);
        }
        else
        {
            port.SetMask(kind, vector, action == VfioIrqSet.VFIO_IRQ_SET_ACTION_MASK);
        }
    }

    /// <summary>
    /// The client unmasks the line by an eventfd, as it does with the kernel (<c>vfio_virqfd_enable()</c>, drivers/vfio/virqfd.c): QEMU gives that of
    /// KVM's which tells of the end of an interrupt. The specification would have it signalled instead, and then nobody would unmask.
    /// </summary>
    private void ListenTo(EventFd? eventFd)
    {
        if (listenedTo is not null)
        {
            SharedPump.Instance.Remove(listenedTo.File);
        }

        listenedTo = eventFd;
        if (eventFd is not null)
        {
            SharedPump.Instance.Add(eventFd.File, EpollFlags.EPOLLIN, new Unmasking(port));
        }
    }

    private void Drop(InterruptKind kind)
    {
        if (kind == InterruptKind.Intx)
        {
            ListenTo(null);
        }

        lock (gate)
        {
            foreach (((InterruptKind Kind, uint Action, int Vector) key, EventFd eventFd) in held.ToArray())
            {
                if (key.Kind == kind)
                {
                    held.Remove(key);
                    eventFd.Dispose();
                }
            }
        }
    }

    private sealed class Unmasking(FunctionPort port) : IReady
    {
        public void OnReady(uint events) => port.UnmaskIntx();
    }
}
