using System.Buffers;
using System.Runtime.CompilerServices;
using System.Runtime.InteropServices;
using System.Text;
using Microsoft.Win32.SafeHandles;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// An open file, folder or other object of the kernel's, always close-on-exec, and what may be asked of it. Interrupted calls are made
/// again.
/// </summary>
/// <remarks>
/// Where a member fails it says so by an <see cref="Errno"/>: for the callers a missing or forbidden file is an answer, not an
/// exception.
/// </remarks>
internal sealed class FileDescriptor : SafeHandleMinusOneIsInvalid
{
    private const int MaxLinkLength = 4096; // PATH_MAX, which bounds a link's text in every file system
    private const int FolderBufferLength = 32 << 10;
    private const int MaxAttempts = 128; // openat2 gives EAGAIN while something above the path is being renamed

    private FileDescriptor(int descriptor)
        : base(ownsHandle: true) => SetHandle(descriptor);

    /// <summary>The number that the kernel knows it by, for structures that carry one; another file's once this is disposed.</summary>
    public int Number => (int)handle;

    /// <summary>Takes over a descriptor that a call has just given; it must be close-on-exec already.</summary>
    public static FileDescriptor Adopt(int descriptor)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(descriptor);
        return new FileDescriptor(descriptor);
    }

    /// <summary>Opens a path of the process's own view; null where <paramref name="error"/> says why not.</summary>
    public static FileDescriptor? Open(string path, int flags, out Errno error)
    {
        if (!IsPath(path, out error))
        {
            return null;
        }

        int descriptor;
        do
        {
            descriptor = Libc.open(path, flags | OpenFlags.O_CLOEXEC);
        }
        while (Failed(descriptor, out error) && error == Errno.EINTR);

        return error == Errno.None ? new FileDescriptor(descriptor) : null;
    }

    /// <summary>Opens a path from this folder on. Links and <c>..</c> may lead anywhere.</summary>
    public FileDescriptor? OpenAt(string path, int flags, out Errno error)
    {
        if (!IsPath(path, out error))
        {
            return null;
        }

        int descriptor;
        do
        {
            descriptor = Libc.openat(this, path, flags | OpenFlags.O_CLOEXEC);
        }
        while (Failed(descriptor, out error) && error == Errno.EINTR);

        return error == Errno.None ? new FileDescriptor(descriptor) : null;
    }

    /// <summary>
    /// Opens a path with this folder as the root that nothing leads out of (openat2(2), Linux 5.6: ENOSYS before, EPERM in some
    /// sandboxes).
    /// </summary>
    public FileDescriptor? OpenInRoot(string path, int flags, out Errno error)
    {
        if (!IsPath(path, out error))
        {
            return null;
        }

        var how = new OpenHow { flags = (uint)(flags | OpenFlags.O_CLOEXEC), resolve = ResolveFlags.RESOLVE_IN_ROOT };
        nint descriptor;
        int attempts = 0;
        do
        {
            descriptor = Libc.openat2(MachineAbi.Current.SYS_openat2, this, path, in how, Unsafe.SizeOf<OpenHow>());
        }
        while (Failed(descriptor, out error) && (error == Errno.EINTR || (error == Errno.EAGAIN && ++attempts < MaxAttempts)));

        return error == Errno.None ? new FileDescriptor((int)descriptor) : null;
    }

    /// <summary>Reads once, at the file's position.</summary>
    public Errno Read(Span<byte> buffer, out int count)
    {
        nint result;
        Errno error;
        do
        {
            result = Libc.read(this, buffer, buffer.Length);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        count = error == Errno.None ? (int)result : 0;
        return error;
    }

    /// <summary>Writes once, at the file's position; maybe not all.</summary>
    public Errno Write(ReadOnlySpan<byte> buffer, out int count)
    {
        nint result;
        Errno error;
        do
        {
            result = Libc.write(this, buffer, buffer.Length);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        count = error == Errno.None ? (int)result : 0;
        return error;
    }

    /// <summary>
    /// Reads once from a place in the file, whatever its position. Of a device's region 1, 2 or 4 aligned bytes are one access.
    /// </summary>
    public Errno PositionedRead(Span<byte> buffer, long offset, out int count)
    {
        nint result;
        Errno error;
        do
        {
            result = Libc.pread(this, buffer, buffer.Length, offset);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        count = error == Errno.None ? (int)result : 0;
        return error;
    }

    /// <summary>Writes once to a place in the file, whatever its position; maybe not all.</summary>
    public Errno PositionedWrite(ReadOnlySpan<byte> buffer, long offset, out int count)
    {
        nint result;
        Errno error;
        do
        {
            result = Libc.pwrite(this, buffer, buffer.Length, offset);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        count = error == Errno.None ? (int)result : 0;
        return error;
    }

    /// <summary>Gives a command without an argument, or with a number for one (ioctl(2)).</summary>
    /// <param name="command">What C declares with <c>_IO</c>, without the direction: VfioIoctl, IommuFdIoctl.</param>
    /// <param name="argument">The number.</param>
    /// <param name="result">What the command gave, zero where it failed: a new descriptor for some.</param>
    public Errno Ioctl(uint command, nint argument, out int result)
    {
        Errno error;
        do
        {
            result = Libc.ioctl(this, MachineAbi.Current.IO(command), argument);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        result = Math.Max(result, 0);
        return error;
    }

    /// <summary>Gives a command with bytes that the kernel reads and writes: a structure and what follows it.</summary>
    public Errno Ioctl(uint command, Span<byte> argument, out int result)
    {
        Errno error;
        do
        {
            result = Libc.ioctl(this, MachineAbi.Current.IO(command), argument);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        result = Math.Max(result, 0);
        return error;
    }

    /// <summary>Gives a command with a structure that the kernel reads and writes.</summary>
    public Errno Ioctl<T>(uint command, ref T argument, out int result)
        where T : unmanaged => Ioctl(command, MemoryMarshal.AsBytes(new Span<T>(ref argument)), out result);

    /// <summary>Gives a command with a structure that the kernel reads and writes, where success is all there is to know.</summary>
    public Errno Ioctl<T>(uint command, ref T argument)
        where T : unmanaged => Ioctl(command, ref argument, out _);

    /// <summary>Makes the file longer or shorter.</summary>
    public Errno SetLength(long length)
    {
        int result;
        Errno error;
        do
        {
            result = Libc.ftruncate(this, length);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        return error;
    }

    /// <summary>Asks fcntl(2) with one of <see cref="FileControl"/>.</summary>
    public Errno Control(int command, int argument, out int result)
    {
        result = Libc.fcntl(this, command, argument);
        Failed(result, out Errno error);
        result = Math.Max(result, 0);
        return error;
    }

    /// <summary>Whether reading or writing would not wait now; also where it would fail at once.</summary>
    /// <param name="what">POLLIN or POLLOUT.</param>
    /// <param name="timeout">How long to wait for that, in milliseconds; -1 for ever.</param>
    public bool IsReady(short what, int timeout = 0) => GetReady(what, timeout) != 0;

    /// <summary>As <see cref="IsReady"/>: which of <see cref="PollFlags"/> hold, 0 where none does.</summary>
    public short GetReady(short what, int timeout = 0)
    {
        bool added = false;
        DangerousAddRef(ref added);
        try
        {
            Span<PollDescriptor> polled = [new PollDescriptor { fd = Number, events = what }];
            Poll(polled, timeout);
            return polled[0].revents;
        }
        finally
        {
            DangerousRelease();
        }
    }

    /// <summary>Waits until this or another can be read, or has failed.</summary>
    public void WaitForInput(FileDescriptor other)
    {
        bool added = false;
        bool otherAdded = false;
        DangerousAddRef(ref added);
        try
        {
            other.DangerousAddRef(ref otherAdded);
            Poll([new PollDescriptor { fd = Number, events = PollFlags.POLLIN }, new PollDescriptor { fd = other.Number, events = PollFlags.POLLIN }], -1);
        }
        finally
        {
            if (otherAdded)
            {
                other.DangerousRelease();
            }

            DangerousRelease();
        }
    }

    /// <summary>Waits until nobody else has this file or folder locked, and locks it until it is closed (flock(2)).</summary>
    public Errno Lock()
    {
        int result;
        Errno error;
        do
        {
            result = Libc.flock(this, FileControl.LOCK_EX);
        }
        while (Failed(result, out error) && error == Errno.EINTR);

        return error;
    }

    /// <summary>A second descriptor of the same file, position and all.</summary>
    public FileDescriptor? Duplicate(out Errno error)
    {
        error = Control(FileControl.F_DUPFD_CLOEXEC, 0, out int descriptor);
        return error == Errno.None ? new FileDescriptor(descriptor) : null;
    }

    /// <summary>
    /// The text of the symbolic link at <paramref name="path"/> from this folder on, or, for an empty path, of the link opened here
    /// (O_PATH).
    /// </summary>
    public string? ReadLink(string path, out Errno error)
    {
        if (path.Contains('\0'))
        {
            error = Errno.ENOENT;
            return null;
        }

        Span<byte> buffer = stackalloc byte[MaxLinkLength];
        nint length = Libc.readlinkat(this, path, buffer, buffer.Length);
        return Failed(length, out error) ? null : Encoding.UTF8.GetString(buffer[..(int)length]);
    }

    /// <summary>Adds the names in this folder, <c>.</c> and <c>..</c> left out, in the kernel's order.</summary>
    public Errno ReadNames(List<string> names)
    {
        byte[] buffer = ArrayPool<byte>.Shared.Rent(FolderBufferLength);
        try
        {
            while (true)
            {
                nint length = Libc.getdents64(MachineAbi.Current.SYS_getdents64, this, buffer, buffer.Length);
                if (Failed(length, out Errno error))
                {
                    return error;
                }

                if (length == 0)
                {
                    return Errno.None;
                }

                AddNames(buffer.AsSpan(0, (int)length), names);
            }
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(buffer);
        }
    }

    /// <summary>What kind of file this is, how long, and for a device which one, as far as the kernel knows without asking a server or a program.</summary>
    public Errno GetStatus(out Statx status)
    {
        int result = Libc.statx(this, "", StatxFlags.AT_EMPTY_PATH | StatxFlags.AT_STATX_DONT_SYNC, StatxFlags.STATX_TYPE | StatxFlags.STATX_INO | StatxFlags.STATX_SIZE, out status);
        Failed(result, out Errno error);
        return error;
    }

    /// <summary>Which file system this is in: one of <see cref="FileSystemStatus"/> or another number.</summary>
    public Errno GetFileSystem(out uint type)
    {
        Span<byte> status = stackalloc byte[FileSystemStatus.MaxLength];
        status.Clear();
        Failed(Libc.fstatfs(this, status), out Errno error);
        type = MemoryMarshal.Read<uint>(status[FileSystemStatus.f_type..]);
        return error;
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => Libc.close((int)handle) == 0;

    private static void Poll(Span<PollDescriptor> descriptors, int timeout)
    {
        int result;
        do
        {
            result = Libc.poll(descriptors, (nuint)descriptors.Length, timeout);
        }
        while (Failed(result, out Errno error) && error == Errno.EINTR);
    }

    private static void AddNames(ReadOnlySpan<byte> records, List<string> names)
    {
        while (records.Length > DirectoryEntry.d_name)
        {
            int length = MemoryMarshal.Read<ushort>(records[DirectoryEntry.d_reclen..]);
            ReadOnlySpan<byte> name = records[DirectoryEntry.d_name..length];
            name = name[..name.IndexOf((byte)0)];
            if (!name.SequenceEqual("."u8) && !name.SequenceEqual(".."u8))
            {
                names.Add(Encoding.UTF8.GetString(name));
            }

            records = records[length..];
        }
    }

    // A NUL would cut the path short and open another file; no file has one in its name.
    private static bool IsPath(string path, out Errno error)
    {
        error = path.Contains('\0') ? Errno.ENOENT : Errno.None;
        return error == Errno.None;
    }

    private static bool Failed(nint result, out Errno error)
    {
        error = result < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        return result < 0;
    }
}
