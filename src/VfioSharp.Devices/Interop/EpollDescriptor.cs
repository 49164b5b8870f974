using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>Waits for many descriptors at once: epoll(7).</summary>
internal sealed class EpollDescriptor : IDisposable
{
    private readonly FileDescriptor file;

    private EpollDescriptor(FileDescriptor file) => this.file = file;

    /// <summary>Makes one that watches nothing; null where <paramref name="error"/> says why not.</summary>
    public static EpollDescriptor? Create(out Errno error)
    {
        int descriptor = Libc.epoll_create1(EpollFlags.EPOLL_CLOEXEC);
        error = descriptor < 0 ? LastError() : Errno.None;
        return error == Errno.None ? new EpollDescriptor(FileDescriptor.Adopt(descriptor)) : null;
    }

    /// <summary>Watches a descriptor.</summary>
    /// <param name="watched">The descriptor; closing its last duplicate removes it too.</param>
    /// <param name="events">Of <see cref="EpollFlags"/>.</param>
    /// <param name="data">What <see cref="Wait"/> is to give for it.</param>
    public Errno Add(FileDescriptor watched, uint events, ulong data) => Control(EpollFlags.EPOLL_CTL_ADD, watched, events, data);

    /// <summary>Watches a watched descriptor for something else; one-shot and edge-triggered ones are armed again.</summary>
    public Errno Modify(FileDescriptor watched, uint events, ulong data) => Control(EpollFlags.EPOLL_CTL_MOD, watched, events, data);

    /// <summary>Watches a descriptor no more; what <see cref="Wait"/> took on another thread before may still be on its way.</summary>
    public Errno Remove(FileDescriptor watched) => Control(EpollFlags.EPOLL_CTL_DEL, watched, 0, 0);

    /// <summary>Waits until something happens.</summary>
    /// <param name="events">Room for at least one event.</param>
    /// <param name="timeout">Milliseconds; -1 waits for ever.</param>
    /// <param name="count">How many events were given: none once the time is over.</param>
    public Errno Wait(Span<EpollEvent> events, int timeout, out int count)
    {
        long start = Environment.TickCount64;
        int left = timeout;
        Span<byte> bytes = MemoryMarshal.AsBytes(events);
        while (true)
        {
            count = Libc.epoll_wait(file, bytes, events.Length, left);
            if (count >= 0)
            {
                Unpack(bytes, count);
                return Errno.None;
            }

            count = 0;
            Errno error = LastError();
            if (error != Errno.EINTR)
            {
                return error;
            }

            left = timeout <= 0 ? timeout : (int)Math.Max(0, timeout - (Environment.TickCount64 - start));
        }
    }

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private Errno Control(int operation, FileDescriptor watched, uint events, ulong data)
    {
        Span<byte> native = stackalloc byte[MachineAbi.Current.EpollEventSize];
        native.Clear();
        MemoryMarshal.Write(native, events);
        MemoryMarshal.Write(native[MachineAbi.Current.EpollEventData..], data);
        return Libc.epoll_ctl(file, operation, watched, native) < 0 ? LastError() : Errno.None;
    }

    // In place, from the last to the first: a packed event never lies behind the place of its unpacked form.
    private static void Unpack(Span<byte> bytes, int count)
    {
        MachineAbi abi = MachineAbi.Current;
        if (abi.EpollEventSize == NativeSize.Of<EpollEvent>())
        {
            return;
        }

        Span<EpollEvent> events = MemoryMarshal.Cast<byte, EpollEvent>(bytes);
        for (int i = count - 1; i >= 0; i--)
        {
            ReadOnlySpan<byte> native = bytes.Slice(i * abi.EpollEventSize, abi.EpollEventSize);
            uint happened = MemoryMarshal.Read<uint>(native);
            ulong data = MemoryMarshal.Read<ulong>(native[abi.EpollEventData..]);
            events[i] = new EpollEvent { events = happened, data = data };
        }
    }

    private static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();
}
