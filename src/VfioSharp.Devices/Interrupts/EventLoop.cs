using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Interrupts;

/// <summary>A thread that waits for interrupts of any number of functions and wakes whoever awaits them.</summary>
/// <remarks>An eventfd is registered edge-triggered and not read at each wake: its counter wakes the loop by growing (0.84 µs against 1.37 µs).</remarks>
public sealed class EventLoop : IDisposable
{
    private const int BatchLength = 64;
    private const ulong StopData = ulong.MaxValue;

    private readonly Lock gate = new();
    private readonly Dictionary<FileDescriptor, Registration> registrations = [];
    private readonly EpollDescriptor epoll;
    private readonly EventFd stopping;
    private readonly Thread thread;
    private readonly bool spin;
    private readonly bool shared;
    private readonly Stack<int> vacant = [];
    private Registration?[] slots = new Registration?[16];
    private int taken;
    private uint generation;
    private volatile bool ended;

    /// <summary>Starts a loop.</summary>
    /// <param name="options">How it waits; sleeping between events by default.</param>
    /// <exception cref="PciException">The process has no descriptors left.</exception>
    public EventLoop(EventLoopOptions? options = null)
        : this(options ?? new EventLoopOptions(), shared: false)
    {
    }

    private EventLoop(EventLoopOptions options, bool shared)
    {
        this.shared = shared;
        spin = options.Spin;
        epoll = EpollDescriptor.Create(out Errno error) ?? throw Failed("epoll_create1", error);
        EventFd? stop = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out error);
        if (stop is null || (error = epoll.Add(stop.File, EpollFlags.EPOLLIN, StopData)) != Errno.None)
        {
            stop?.Dispose();
            epoll.Dispose();
            throw Failed("eventfd", error);
        }

        stopping = stop;
        thread = new Thread(Run) { Name = options.Name, IsBackground = true };

        // The loop outlives its creator, whose execution context it must not keep.
        thread.UnsafeStart();
    }

    /// <summary>The loop that functions use unless told otherwise; started at first use. Disposing it does nothing.</summary>
    public static EventLoop Shared => SharedLoop.Instance;

    /// <summary>Ends the thread. Functions that still use the loop get no more interrupts: dispose them first.</summary>
    /// <remarks>Waits for the continuation that runs inline, if one does, unless called from it.</remarks>
    public void Dispose()
    {
        if (shared)
        {
            return;
        }

        lock (gate)
        {
            if (!ended)
            {
                ended = true;
                stopping.Signal();
            }
        }

        if (Thread.CurrentThread != thread)
        {
            thread.Join();
        }
    }

    /// <summary>Calls <paramref name="sink"/> on the loop's thread whenever the eventfd was signalled, at least once for any number of signals.</summary>
    /// <param name="source">Removed before it is disposed.</param>
    /// <param name="sink">What to call.</param>
    /// <exception cref="ObjectDisposedException">The loop is disposed.</exception>
    /// <exception cref="PciException">The kernel watches too many descriptors already.</exception>
    internal void Add(EventFd source, IEventSink sink) => Add(source.File, EpollFlags.EPOLLIN, sink);

    /// <summary>Calls <paramref name="sink"/> on the loop's thread whenever one of the events comes about (edge-triggered).</summary>
    /// <param name="source">Removed before it is disposed.</param>
    /// <param name="events">Of <see cref="EpollFlags"/>; hang-up and error are told always.</param>
    /// <param name="sink">What to call.</param>
    /// <inheritdoc cref="Add(EventFd, IEventSink)" path="/exception"/>
    internal void Add(FileDescriptor source, uint events, IEventSink sink)
    {
        lock (gate)
        {
            ObjectDisposedException.ThrowIf(ended, this);
            var registration = new Registration(sink, vacant.TryPop(out int slot) ? slot : taken++, ++generation);
            registrations.Add(source, registration);
            if (registration.Slot == slots.Length)
            {
                Array.Resize(ref slots, slots.Length * 2);
            }

            slots[registration.Slot] = registration;
            Errno error = epoll.Add(source, events | EpollFlags.EPOLLET, registration.Data);
            if (error != Errno.None)
            {
                Forget(source, registration);
                throw Failed("epoll_ctl", error);
            }
        }
    }

    /// <summary>Watches for other events than before; what has come about already is told again.</summary>
    internal void Modify(FileDescriptor source, uint events)
    {
        lock (gate)
        {
            if (!ended && registrations.TryGetValue(source, out Registration? registration))
            {
                epoll.Modify(source, events | EpollFlags.EPOLLET, registration.Data);
            }
        }
    }

    /// <summary>Ends that. A call may still be under way on the loop's thread when this returns, none starts afterwards.</summary>
    internal void Remove(EventFd source) => Remove(source.File);

    /// <inheritdoc cref="Remove(EventFd)"/>
    internal void Remove(FileDescriptor source)
    {
        lock (gate)
        {
            if (registrations.TryGetValue(source, out Registration? registration))
            {
                Forget(source, registration);
                if (!ended)
                {
                    epoll.Remove(source);
                }
            }
        }
    }

    private static PciException Failed(string operation, Errno error) =>
        new(operation, $"interrupts cannot be waited for ({error}): see the limit on open files and fs.epoll.max_user_watches", errorNumber: (int)error);

    private void Forget(FileDescriptor source, Registration registration)
    {
        registrations.Remove(source);
        slots[registration.Slot] = null;
        vacant.Push(registration.Slot);
    }

    private void Run()
    {
        var events = new EpollEvent[BatchLength];
        while (!ended)
        {
            Errno error = epoll.Wait(events, spin ? 0 : -1, out int count);
            if (error != Errno.None)
            {
                throw Failed("epoll_wait", error);
            }

            for (int i = 0; i < count && !ended; i++)
            {
                Deliver(events[i].data);
            }
        }

        lock (gate)
        {
            epoll.Dispose();
            stopping.Dispose();
        }
    }

    // An event of the batch may be of an eventfd that has been removed since, and its slot may be another's by now: the generation tells.
    private void Deliver(ulong data)
    {
        Registration?[] table = Volatile.Read(ref slots);
        uint slot = (uint)data;
        if (slot < (uint)table.Length && Volatile.Read(ref table[slot]) is { } registration && registration.Data == data)
        {
            registration.Sink.OnSignalled();
        }
    }

    private sealed record Registration(IEventSink Sink, int Slot, uint Generation)
    {
        public ulong Data { get; } = ((ulong)Generation << 32) | (uint)Slot;
    }

    private static class SharedLoop
    {
        public static readonly EventLoop Instance = new(new EventLoopOptions(), shared: true);
    }
}
