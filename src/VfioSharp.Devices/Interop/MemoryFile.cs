using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>Memory that has a descriptor, to be mapped more than once or by others: memfd_create(2).</summary>
/// <remarks>Of a peer's file that can shrink, a touch of what is gone kills the process: add F_SEAL_SHRINK before mapping it.</remarks>
/// <param name="file">The descriptor, owned from now on.</param>
internal sealed class MemoryFile(FileDescriptor file) : IDisposable
{
    /// <summary>The descriptor; closed with this, which mappings outlive.</summary>
    public FileDescriptor File { get; } = file;

    /// <summary>Makes zeros of a length; null where <paramref name="error"/> says why not.</summary>
    /// <param name="name">What <c>/proc/self/maps</c> shows, at most 249 bytes.</param>
    /// <param name="length">In bytes; of huge pages whole ones.</param>
    /// <param name="flags">Of <see cref="MemoryFileFlags"/>, which decide whether it can be sealed.</param>
    /// <param name="error">ENOMEM where there are no such pages; EINVAL for a name too long or a kernel that lacks a flag.</param>
    public static MemoryFile? Create(string name, long length, uint flags, out Errno error)
    {
        int descriptor = Libc.memfd_create(name, flags | MemoryFileFlags.MFD_CLOEXEC);
        error = descriptor < 0 ? (Errno)Marshal.GetLastPInvokeError() : Errno.None;
        if (error != Errno.None)
        {
            return null;
        }

        var file = new MemoryFile(FileDescriptor.Adopt(descriptor));
        error = file.File.SetLength(length);
        if (error == Errno.None)
        {
            return file;
        }

        file.Dispose();
        return null;
    }

    /// <summary>Forbids something for good, one or more F_SEAL of <see cref="FileControl"/>; EPERM where seals are forbidden.</summary>
    public Errno AddSeals(int seals) => File.Control(FileControl.F_ADD_SEALS, seals, out _);

    /// <summary>What is forbidden; EINVAL where the file is none that seals are for.</summary>
    public Errno GetSeals(out int seals) => File.Control(FileControl.F_GET_SEALS, 0, out seals);

    /// <inheritdoc/>
    public void Dispose() => File.Dispose();
}
