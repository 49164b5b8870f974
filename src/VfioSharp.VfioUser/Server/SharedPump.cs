using System.Collections.Concurrent;
using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Server;

/// <summary>The few threads that work for all functions of the process that have none of their own.</summary>
/// <remarks>
/// <para>All wait on one epoll descriptor, so that whoever is free takes what comes next. What is watched is told of a change once (edge-triggered): whoever
/// works it off works off all there is.</para>
/// <para>No peer can stop them: a worker that has to wait for one says so, and where all are busy for long without having said so (a handler that blocks,
/// though it must not) another is started, for as long as it is needed.</para>
/// </remarks>
[SuppressMessage("Design", "CA1001", Justification = "It lives as long as the process.")]
internal sealed class SharedPump
{
    private const ulong WakeData = ulong.MaxValue;
    private const int MaxReinforcement = 32;
    private static readonly TimeSpan Patience = TimeSpan.FromMilliseconds(100);
    private static readonly TimeSpan SpareTime = TimeSpan.FromSeconds(5);

    private readonly Lock gate = new();
    private readonly Dictionary<FileDescriptor, Registration> registrations = [];
    private readonly Stack<int> vacant = [];
    private readonly ConcurrentQueue<IReady> posted = [];
    private readonly EpollDescriptor epoll;
    private readonly EventFd wake;
    private readonly Timer watch;
    private readonly int usual = Math.Clamp(Environment.ProcessorCount, 2, 4);
    private Registration?[] slots = new Registration?[16];
    private int taken;
    private uint generation;
    private int workers;
    private int waiting;
    private long progress;
    private long seenProgress;
    private int reinforcement = 1;
    private int watching;

    private SharedPump()
    {
        epoll = EpollDescriptor.Create(out Errno error) ?? throw Failed("epoll_create1", error);
        wake = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out error) ?? throw Failed("eventfd", error);
        error = epoll.Add(wake.File, EpollFlags.EPOLLIN | EpollFlags.EPOLLET, WakeData);
        if (error != Errno.None)
        {
            throw Failed("epoll_ctl", error);
        }

        watch = new Timer(static pump => ((SharedPump)pump!).Watch(), this, Timeout.Infinite, Timeout.Infinite);
        for (int i = 0; i < usual; i++)
        {
            if (!TryStartWorker() && i == 0)
            {
                throw Failed("pthread_create", Errno.EAGAIN);
            }
        }
    }

    /// <summary>The process's; started at first use.</summary>
    public static SharedPump Instance => Holder.Pump;

    /// <summary>How many threads there are now.</summary>
    public int Workers => Volatile.Read(ref workers);

    /// <summary>Tells <paramref name="item"/> whenever one of the events comes about.</summary>
    /// <param name="file">Removed before it is disposed.</param>
    /// <param name="events">Of <see cref="EpollFlags"/>; hang-up and error are told always.</param>
    /// <param name="item">Whom to tell.</param>
    /// <exception cref="PciException">The kernel watches too many descriptors already.</exception>
    public void Add(FileDescriptor file, uint events, IReady item)
    {
        lock (gate)
        {
            var registration = new Registration(item, vacant.TryPop(out int slot) ? slot : taken++, ++generation);
            if (registration.Slot == slots.Length)
            {
                Array.Resize(ref slots, slots.Length * 2);
            }

            slots[registration.Slot] = registration;
            registrations.Add(file, registration);
            Errno error = epoll.Add(file, events | EpollFlags.EPOLLET, registration.Data);
            if (error != Errno.None)
            {
                Forget(file, registration);
                throw Failed("epoll_ctl", error);
            }
        }
    }

    /// <summary>Watches for other events than before; what has come about already is told again.</summary>
    public void Modify(FileDescriptor file, uint events)
    {
        lock (gate)
        {
            if (registrations.TryGetValue(file, out Registration? registration))
            {
                epoll.Modify(file, events | EpollFlags.EPOLLET, registration.Data);
            }
        }
    }

    /// <summary>Ends that. A call may still be under way when this returns; none starts afterwards but one that was on its way.</summary>
    public void Remove(FileDescriptor file)
    {
        lock (gate)
        {
            if (registrations.TryGetValue(file, out Registration? registration))
            {
                Forget(file, registration);
                epoll.Remove(file);
            }
        }
    }

    /// <summary>Tells <paramref name="item"/> from a worker, after what is waiting already.</summary>
    public void Post(IReady item)
    {
        posted.Enqueue(item);
        wake.Signal();
    }

    /// <summary>A worker is about to wait for a peer: another takes its place until it says that it waits no more.</summary>
    public void BeginWait()
    {
        if (Volatile.Read(ref waiting) == 0)
        {
            TryStartWorker();
        }
    }

    private static PciException Failed(string operation, Errno error) =>
        new(operation, $"clients cannot be waited for ({error}): see the limit on open files and fs.epoll.max_user_watches", errorNumber: (int)error);

    private void Forget(FileDescriptor file, Registration registration)
    {
        registrations.Remove(file);
        slots[registration.Slot] = null;
        vacant.Push(registration.Slot);
    }

    // Where no thread is to be had, those that there are go on, and it is tried again as long as all are busy.
    private bool TryStartWorker()
    {
        int number = Interlocked.Increment(ref workers);
        try
        {
            var thread = new Thread(Run) { Name = $"vfiosharp-serve-{number}", IsBackground = true };
            thread.UnsafeStart();
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            Interlocked.Decrement(ref workers);
            return false;
        }
    }

    private void Run()
    {
        Span<EpollEvent> events = stackalloc EpollEvent[1];
        while (true)
        {
            bool isSpare = Volatile.Read(ref workers) > usual;
            Interlocked.Increment(ref waiting);
            Errno error = epoll.Wait(events, isSpare ? (int)SpareTime.TotalMilliseconds : -1, out int count);
            if (Interlocked.Decrement(ref waiting) == 0 && count > 0)
            {
                StartWatching();
            }

            if (error != Errno.None)
            {
                throw Failed("epoll_wait", error);
            }

            if (count == 0)
            {
                if (TryRetire())
                {
                    return;
                }

                continue;
            }

            Deliver(events[0].data, events[0].events);
            Volatile.Write(ref progress, progress + 1);
        }
    }

    private void Deliver(ulong data, uint events)
    {
        if (data == WakeData)
        {
            wake.TryRead(out _);
            if (posted.TryDequeue(out IReady? item))
            {
                if (!posted.IsEmpty)
                {
                    wake.Signal();
                }

                item.OnReady(0);
            }

            return;
        }

        // An event may be of a descriptor that has been removed since, and its slot may be another's by now: the generation tells.
        Registration?[] table = Volatile.Read(ref slots);
        uint slot = (uint)data;
        if (slot < (uint)table.Length && Volatile.Read(ref table[slot]) is { } registration && registration.Data == data)
        {
            registration.Item.OnReady(events);
        }
    }

    private bool TryRetire()
    {
        while (true)
        {
            int count = Volatile.Read(ref workers);
            if (count <= usual)
            {
                return false;
            }

            if (Interlocked.CompareExchange(ref workers, count - 1, count) == count)
            {
                return true;
            }
        }
    }

    // All workers are busy: looks after them until one is free again.
    private void StartWatching()
    {
        if (Interlocked.Exchange(ref watching, 1) == 0)
        {
            seenProgress = Volatile.Read(ref progress);
            watch.Change(Patience, Timeout.InfiniteTimeSpan);
        }
    }

    private void Watch()
    {
        long now = Volatile.Read(ref progress);
        if (Volatile.Read(ref waiting) == 0 && now == seenProgress)
        {
            // More each time: those who were added may be stuck already, where many functions block at once.
            for (int i = 0; i < reinforcement && TryStartWorker(); i++)
            {
            }

            reinforcement = Math.Min(reinforcement * 2, MaxReinforcement);
        }
        else
        {
            reinforcement = 1;
        }

        seenProgress = now;
        if (Volatile.Read(ref waiting) > 0)
        {
            Volatile.Write(ref watching, 0);
            if (Volatile.Read(ref waiting) > 0)
            {
                return;
            }

            if (Interlocked.Exchange(ref watching, 1) != 0)
            {
                return;
            }
        }

        watch.Change(Patience, Timeout.InfiniteTimeSpan);
    }

    private sealed record Registration(IReady Item, int Slot, uint Generation)
    {
        public ulong Data { get; } = ((ulong)Generation << 32) | (uint)Slot;
    }

    private static class Holder
    {
        public static readonly SharedPump Pump = new();
    }
}
