using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;

namespace VfioSharp.Devices.Interop;

/// <summary>A stream socket of this host that carries descriptors beside bytes: unix(7). Interrupted calls are made again.</summary>
/// <remarks>
/// Not <see cref="System.Net.Sockets.Socket"/>, which sends no descriptors, hands waiting to a thread of its own, and allocates for both.
/// </remarks>
/// <param name="file">The descriptor, owned from now on.</param>
internal sealed unsafe class UnixSocket(FileDescriptor file) : IDisposable
{
    /// <summary>The most descriptors that the kernel lets a message carry (<c>SCM_MAX_FD</c>, include/net/scm.h).</summary>
    public const int MaxDescriptors = 253;

    private const int ControlLength = 16 + (MaxDescriptors * sizeof(int)) + 4; // CMSG_SPACE: head and data, to 8 bytes

    /// <summary>The descriptor; closed with this.</summary>
    public FileDescriptor File { get; } = file;

    /// <summary>Makes a socket that others connect to by a path, which must not exist; null where <paramref name="error"/> says why not.</summary>
    /// <param name="path">At most 107 bytes.</param>
    /// <param name="mode">Who may connect: the file's permissions, less what the process's umask takes away.</param>
    /// <param name="backlog">How many may wait to be accepted.</param>
    /// <param name="error">EADDRINUSE where the path exists, ENAMETOOLONG where it is too long.</param>
    public static UnixSocket? Listen(string path, uint mode, int backlog, out Errno error)
    {
        if (!TryAddress(path, out UnixAddress address, out error) || Create(SocketFlags.SOCK_NONBLOCK, out error) is not { } socket)
        {
            return null;
        }

        // The file gets the permissions that the socket has when it is bound (unix_bind_bsd(), net/unix/af_unix.c): there is no moment with others.
        if (Failed(Libc.fchmod(socket.File, mode), out error)
            || Failed(Libc.bind(socket.File, in address, (uint)sizeof(UnixAddress)), out error)
            || Failed(Libc.listen(socket.File, backlog), out error))
        {
            socket.Dispose();
            return null;
        }

        return socket;
    }

    /// <summary>Takes over a descriptor that somebody else has made; null where it is no UNIX stream socket that listens.</summary>
    public static UnixSocket? FromListener(int descriptor)
    {
        var socket = new UnixSocket(FileDescriptor.Adopt(descriptor));
        if (socket.GetOption(SocketFlags.SO_ACCEPTCONN) == 1 && socket.GetOption(SocketFlags.SO_DOMAIN) == SocketFlags.AF_UNIX
            && socket.GetOption(SocketFlags.SO_TYPE) == SocketFlags.SOCK_STREAM
            && socket.File.Control(FileControl.F_SETFL, OpenFlags.O_NONBLOCK, out _) == Errno.None
            && socket.File.Control(FileControl.F_SETFD, FileControl.FD_CLOEXEC, out _) == Errno.None)
        {
            return socket;
        }

        socket.File.SetHandleAsInvalid();
        return null;
    }

    /// <summary>Connects to a path without waiting; null where <paramref name="error"/> says why not.</summary>
    /// <param name="path">At most 107 bytes.</param>
    /// <param name="error">EAGAIN where the listener has no room: try again later. ECONNREFUSED where nobody listens, ENOENT where there is no such file.</param>
    public static UnixSocket? Connect(string path, out Errno error)
    {
        if (!TryAddress(path, out UnixAddress address, out error) || Create(SocketFlags.SOCK_NONBLOCK, out error) is not { } socket)
        {
            return null;
        }

        int result;
        do
        {
            result = Libc.connect(socket.File, in address, (uint)sizeof(UnixAddress));
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        // Whether to wait is said with each call from here on.
        if (error == Errno.None && (error = socket.File.Control(FileControl.F_SETFL, 0, out _)) == Errno.None)
        {
            return socket;
        }

        socket.Dispose();
        return null;
    }

    /// <summary>Makes two sockets that are connected to each other.</summary>
    public static Errno CreatePair(out UnixSocket? first, out UnixSocket? second)
    {
        Span<int> descriptors = stackalloc int[2];
        bool failed = Failed(Libc.socketpair(SocketFlags.AF_UNIX, SocketFlags.SOCK_STREAM | SocketFlags.SOCK_CLOEXEC, 0, descriptors), out Errno error);
        first = failed ? null : new UnixSocket(FileDescriptor.Adopt(descriptors[0]));
        second = failed ? null : new UnixSocket(FileDescriptor.Adopt(descriptors[1]));
        return error;
    }

    /// <summary>Takes the next who wants to connect; null where <paramref name="error"/> says why not: EAGAIN where there is none.</summary>
    public UnixSocket? Accept(out Errno error)
    {
        int descriptor;
        do
        {
            descriptor = Libc.accept4(File, 0, 0, SocketFlags.SOCK_CLOEXEC);
        }
        while (Failed(descriptor, out error) && error == Errno.EINTR);

        return error == Errno.None ? new UnixSocket(FileDescriptor.Adopt(descriptor)) : null;
    }

    /// <summary>Receives what is there, at most as much as there is room for.</summary>
    /// <param name="buffer">Where to; not empty.</param>
    /// <param name="descriptors">What came along is added, close-on-exec, the caller's from now on. It came with the last part of the bytes: the kernel ends a read behind it.</param>
    /// <param name="wait">Whether to wait for something, as long as <see cref="SetReceiveTimeout"/> allows.</param>
    /// <param name="count">How many bytes; with <see cref="Errno.None"/> 0 means that the peer has closed.</param>
    /// <returns>EAGAIN where there is nothing; EMFILE where descriptors came that this process has no room for, and are lost.</returns>
    [SkipLocalsInit]
    public Errno Receive(Span<byte> buffer, List<FileDescriptor> descriptors, bool wait, out int count)
    {
        ulong* control = stackalloc ulong[ControlLength / sizeof(ulong)];
        fixed (byte* start = buffer)
        {
            var vector = new IoVector { iov_base = (nint)start, iov_len = (nuint)buffer.Length };
            var message = new SocketMessage { msg_iov = (nint)(&vector), msg_iovlen = 1, msg_control = (nint)control, msg_controllen = ControlLength };
            nint result;
            Errno error;
            do
            {
                result = Libc.recvmsg(File, ref message, SocketFlags.MSG_CMSG_CLOEXEC | (wait ? 0 : SocketFlags.MSG_DONTWAIT));
            }
            while (Failed(result, out error) && error == Errno.EINTR);

            count = error == Errno.None ? (int)result : 0;
            if (error == Errno.None && message.msg_controllen != 0)
            {
                Adopt((byte*)control, message.msg_controllen, descriptors);
            }

            return error == Errno.None && (message.msg_flags & SocketFlags.MSG_CTRUNC) != 0 ? Errno.EMFILE : error;
        }
    }

    /// <summary>Sends bytes, maybe not all.</summary>
    /// <param name="data">What; not empty.</param>
    /// <param name="descriptors">What goes along with the first of them, at most <see cref="MaxDescriptors"/>; the peer gets duplicates.</param>
    /// <param name="wait">Whether to wait until there is room, as long as <see cref="SetSendTimeout"/> allows.</param>
    /// <param name="count">How many bytes were sent.</param>
    /// <returns>EAGAIN where there is no room, EPIPE where the peer has closed.</returns>
    /// <exception cref="ArgumentOutOfRangeException">There are more descriptors than that.</exception>
    [SkipLocalsInit]
    public Errno Send(ReadOnlySpan<byte> data, ReadOnlySpan<FileDescriptor> descriptors, bool wait, out int count)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(descriptors.Length, MaxDescriptors, nameof(descriptors));
        ulong* control = stackalloc ulong[descriptors.IsEmpty ? 1 : ControlLength / sizeof(ulong)];
        int held = 0;
        try
        {
            fixed (byte* start = data)
            {
                var vector = new IoVector { iov_base = (nint)start, iov_len = (nuint)data.Length };
                var message = new SocketMessage { msg_iov = (nint)(&vector), msg_iovlen = 1 };
                if (!descriptors.IsEmpty)
                {
                    *(ControlHeader*)control = new ControlHeader
                    {
                        cmsg_len = (nuint)(sizeof(ControlHeader) + (descriptors.Length * sizeof(int))),
                        cmsg_level = SocketFlags.SOL_SOCKET,
                        cmsg_type = SocketFlags.SCM_RIGHTS,
                    };
                    int* numbers = (int*)((byte*)control + sizeof(ControlHeader));
                    numbers[descriptors.Length] = 0;
                    for (; held < descriptors.Length; held++)
                    {
                        bool added = false;
                        descriptors[held].DangerousAddRef(ref added);
                        numbers[held] = descriptors[held].Number;
                    }

                    message.msg_control = (nint)control;
                    message.msg_controllen = (nuint)((sizeof(ControlHeader) + (descriptors.Length * sizeof(int)) + 7) & ~7);
                }

                nint result;
                Errno error;
                do
                {
                    result = Libc.sendmsg(File, in message, SocketFlags.MSG_NOSIGNAL | (wait ? 0 : SocketFlags.MSG_DONTWAIT));
                }
                while (Failed(result, out error) && error == Errno.EINTR);

                count = error == Errno.None ? (int)result : 0;
                return error;
            }
        }
        finally
        {
            while (held > 0)
            {
                descriptors[--held].DangerousRelease();
            }
        }
    }

    /// <summary>Ends the connection: whoever waits in a call on it, on any thread, comes back, and the peer sees its end.</summary>
    public void Shutdown()
    {
        try
        {
            Libc.shutdown(File, SocketFlags.SHUT_RDWR);
        }
        catch (ObjectDisposedException)
        {
            // Closed meanwhile, which ends it too.
        }
    }

    /// <summary>
    /// Closes what a peer has sent. A socket of its would have whoever closes its last descriptor wait for its other end, if it was told to linger
    /// (SO_LINGER, socket(7)).
    /// </summary>
    public static void Discard(FileDescriptor received)
    {
        Libc.setsockopt(received, SocketFlags.SOL_SOCKET, SocketFlags.SO_LINGER, stackalloc byte[2 * sizeof(int)], 2 * sizeof(int)); // ENOTSOCK for anything else
        received.Dispose();
    }

    /// <summary>How long a receive that waits does so before it gives EAGAIN; zero for ever.</summary>
    public Errno SetReceiveTimeout(TimeSpan time) => SetTimeout(MachineAbi.Current.SO_RCVTIMEO, time);

    /// <summary>How long a send that waits does so before it gives EAGAIN; zero for ever.</summary>
    public Errno SetSendTimeout(TimeSpan time) => SetTimeout(MachineAbi.Current.SO_SNDTIMEO, time);

    /// <summary>Who is at the other end: of a socket that was accepted, whoever connected.</summary>
    public Errno GetPeer(out PeerCredentials peer)
    {
        peer = default;
        Span<byte> bytes = MemoryMarshal.AsBytes(new Span<PeerCredentials>(ref peer));
        uint length = (uint)bytes.Length;
        Failed(Libc.getsockopt(File, SocketFlags.SOL_SOCKET, MachineAbi.Current.SO_PEERCRED, bytes, ref length), out Errno error);
        return error;
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();

    private int GetOption(int option)
    {
        int value = -1;
        uint length = sizeof(int);
        return Failed(Libc.getsockopt(File, SocketFlags.SOL_SOCKET, option, MemoryMarshal.AsBytes(new Span<int>(ref value)), ref length), out _) ? -1 : value;
    }

    private Errno SetTimeout(int option, TimeSpan time)
    {
        // Rounded up: what rounds down to zero would be for ever.
        (long microseconds, long rest) = Math.DivRem(time.Ticks, TimeSpan.TicksPerMicrosecond);
        (long seconds, microseconds) = Math.DivRem(microseconds + (rest > 0 ? 1 : 0), 1_000_000);
        var value = new TimeValue { tv_sec = (nint)seconds, tv_usec = (nint)microseconds };
        ReadOnlySpan<byte> bytes = MemoryMarshal.AsBytes(new ReadOnlySpan<TimeValue>(in value));
        Failed(Libc.setsockopt(File, SocketFlags.SOL_SOCKET, option, bytes, (uint)bytes.Length), out Errno error);
        return error;
    }

    private static UnixSocket? Create(int flags, out Errno error)
    {
        int descriptor = Libc.socket(SocketFlags.AF_UNIX, SocketFlags.SOCK_STREAM | SocketFlags.SOCK_CLOEXEC | flags, 0);
        return Failed(descriptor, out error) ? null : new UnixSocket(FileDescriptor.Adopt(descriptor));
    }

    // A NUL within would cut the path short, one in front name a socket without a file.
    private static bool TryAddress(string path, out UnixAddress address, out Errno error)
    {
        address = new UnixAddress { sun_family = SocketFlags.AF_UNIX };
        byte[] bytes = Encoding.UTF8.GetBytes(path);
        error = bytes.Length == 0 || bytes.Contains((byte)0) ? Errno.ENOENT : bytes.Length >= UnixAddress.PathLength ? Errno.ENAMETOOLONG : Errno.None;
        if (error == Errno.None)
        {
            fixed (byte* target = address.sun_path)
            {
                bytes.CopyTo(new Span<byte>(target, UnixAddress.PathLength));
            }
        }

        return error == Errno.None;
    }

    private static void Adopt(byte* control, nuint length, List<FileDescriptor> descriptors)
    {
        for (nuint at = 0; at + (nuint)sizeof(ControlHeader) <= length;)
        {
            ControlHeader* header = (ControlHeader*)(control + at);
            if (header->cmsg_len < (nuint)sizeof(ControlHeader) || header->cmsg_len > length - at)
            {
                return;
            }

            if (header->cmsg_level == SocketFlags.SOL_SOCKET && header->cmsg_type == SocketFlags.SCM_RIGHTS)
            {
                int* numbers = (int*)(header + 1);
                for (nuint i = 0; i < (header->cmsg_len - (nuint)sizeof(ControlHeader)) / sizeof(int); i++)
                {
                    descriptors.Add(FileDescriptor.Adopt(numbers[i]));
                }
            }

            at += (header->cmsg_len + 7) & ~(nuint)7;
        }
    }

    private static bool Failed(nint result, out Errno error)
    {
        error = result < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        return result < 0;
    }
}
