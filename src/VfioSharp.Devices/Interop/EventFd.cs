using System.Globalization;
using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>A counter of the kernel's that can be waited for: eventfd(2).</summary>
internal sealed class EventFd : IDisposable
{
    private const string Link = "anon_inode:[eventfd]";

    private readonly bool mayBlock;

    /// <summary>Takes over what is known to be one that does not block.</summary>
    /// <param name="file">The descriptor, owned from now on.</param>
    public EventFd(FileDescriptor file) => File = file;

    private EventFd(FileDescriptor file, bool mayBlock)
        : this(file) => this.mayBlock = mayBlock;

    /// <summary>The descriptor, to wait for or to hand to the kernel; closed with this.</summary>
    public FileDescriptor File { get; }

    /// <summary>Makes one that counts from zero; null where <paramref name="error"/> says why not.</summary>
    /// <param name="flags">Of <see cref="EventFdFlags"/>; with none of them a read waits for a signal.</param>
    /// <param name="error">EMFILE or ENFILE where no descriptor is left.</param>
    public static EventFd? Create(int flags, out Errno error)
    {
        int descriptor = Libc.eventfd(0, flags | EventFdFlags.EFD_CLOEXEC);
        error = descriptor < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        return error == Errno.None ? new EventFd(FileDescriptor.Adopt(descriptor)) : null;
    }

    /// <summary>Takes a descriptor that a peer says is one; null, and still the caller's, where it is not: a write to anything else could do anything.</summary>
    /// <param name="file">The descriptor, owned from now on if it is one.</param>
    public static EventFd? FromPeer(FileDescriptor file)
    {
        // What it is stands in procfs; without that the peer's word has to do.
        if (OwnDescriptors.Folder is { } folder && folder.ReadLink(file.Number.ToString(CultureInfo.InvariantCulture), out _) is var link && link != Link)
        {
            return null;
        }

        return new EventFd(file, file.Control(FileControl.F_GETFL, 0, out int flags) != Errno.None || (flags & OpenFlags.O_NONBLOCK) == 0);
    }

    /// <summary>Adds to the count, at most up to 2⁶⁴ - 2 in sum: EAGAIN beyond where reads do not wait either.</summary>
    /// <remarks>One of a peer's that blocks is not written while it is full: whoever waits for it has its signal already.</remarks>
    public Errno Signal(ulong count = 1)
    {
        // Beyond what writes can make of it, as the kernel's own signals do, it is in error, and a write waits for room as ever.
        return mayBlock && (File.GetReady(PollFlags.POLLOUT) & PollFlags.POLLOUT) == 0
            ? Errno.EAGAIN : File.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in count)), out _);
    }

    /// <summary>Takes the count and sets it to zero, waiting for the first signal unless EFD_NONBLOCK was said: EAGAIN then.</summary>
    public Errno Read(out ulong count)
    {
        count = 0;
        return File.Read(MemoryMarshal.AsBytes(new Span<ulong>(ref count)), out _);
    }

    /// <summary>Takes the count of one made with EFD_NONBLOCK; false where nothing was signalled since the last time.</summary>
    public bool TryRead(out ulong count) => Read(out count) == Errno.None;

    /// <summary>Takes the count, if there is any, without waiting: whoever waits for room goes on.</summary>
    public unsafe void Drain()
    {
        // One call: between a question and a read the peer could take the count, and the read would wait for another.
        ulong count;
        var vector = new IoVector { iov_base = (nint)(&count), iov_len = sizeof(ulong) };
        nint result;
        Errno error;
        do
        {
            result = Libc.preadv2(File, [vector], 1, -1, ReadWriteFlags.RWF_NOWAIT);
            error = result < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        }
        while (error == Errno.EINTR);

        // Before Linux 5.8 that is not to be had of an eventfd.
        if (error == Errno.EOPNOTSUPP && File.IsReady(PollFlags.POLLIN))
        {
            Read(out _);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
