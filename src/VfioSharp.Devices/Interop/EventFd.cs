using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>A counter of the kernel's that can be waited for: eventfd(2).</summary>
/// <param name="file">The descriptor, owned from now on.</param>
internal sealed class EventFd(FileDescriptor file) : IDisposable
{
    /// <summary>The descriptor, to wait for or to hand to the kernel; closed with this.</summary>
    public FileDescriptor File { get; } = file;

    /// <summary>Makes one that counts from zero; null where <paramref name="error"/> says why not.</summary>
    /// <param name="flags">Of <see cref="EventFdFlags"/>; with none of them a read waits for a signal.</param>
    /// <param name="error">EMFILE or ENFILE where no descriptor is left.</param>
    public static EventFd? Create(int flags, out Errno error)
    {
        int descriptor = Libc.eventfd(0, flags | EventFdFlags.EFD_CLOEXEC);
        error = descriptor < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        return error == Errno.None ? new EventFd(FileDescriptor.Adopt(descriptor)) : null;
    }

    /// <summary>Adds to the count, at most up to 2⁶⁴ - 2 in sum: EAGAIN beyond where reads do not wait either.</summary>
    public Errno Signal(ulong count = 1) => File.Write(MemoryMarshal.AsBytes(new ReadOnlySpan<ulong>(in count)), out _);

    /// <summary>Takes the count and sets it to zero, waiting for the first signal unless EFD_NONBLOCK was said: EAGAIN then.</summary>
    public Errno Read(out ulong count)
    {
        count = 0;
        return File.Read(MemoryMarshal.AsBytes(new Span<ulong>(ref count)), out _);
    }

    /// <summary>Takes the count of one made with EFD_NONBLOCK; false where nothing was signalled since the last time.</summary>
    public bool TryRead(out ulong count) => Read(out count) == Errno.None;

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
