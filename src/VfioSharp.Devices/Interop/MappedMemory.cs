using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>The address space of this process: taken, mapped and given back.</summary>
/// <remarks>A length that ends inside a page stands for the whole page, as mmap(2) has it: a BAR smaller than a page has the page to itself.</remarks>
internal static class MappedMemory
{
    private const int ReadWrite = MemoryProtection.PROT_READ | MemoryProtection.PROT_WRITE;
    private const nint Failure = -1; // MAP_FAILED

    /// <summary>Takes addresses at which nothing can be reached; 0 where <paramref name="error"/> says why not.</summary>
    /// <param name="length">In bytes, a multiple of the page.</param>
    /// <param name="error">ENOMEM where no addresses or no mappings are left.</param>
    public static nint Reserve(ulong length, out Errno error)
    {
        nint address = Libc.mmap(0, (nuint)length, MemoryProtection.PROT_NONE, MapFlags.MAP_PRIVATE | MapFlags.MAP_ANONYMOUS, -1, 0);
        error = address == Failure ? LastError() : Errno.None;
        return error == Errno.None ? address : 0;
    }

    /// <summary>Takes memory of its own for this process, zeros that are there once they are touched; 0 where <paramref name="error"/> says why not.</summary>
    /// <inheritdoc cref="Reserve"/>
    public static nint Take(ulong length, out Errno error)
    {
        nint address = Libc.mmap(0, (nuint)length, ReadWrite, MapFlags.MAP_PRIVATE | MapFlags.MAP_ANONYMOUS, -1, 0);
        error = address == Failure ? LastError() : Errno.None;
        return error == Errno.None ? address : 0;
    }

    /// <summary>Says how memory is going to be used (<see cref="MemoryAdvice"/>).</summary>
    public static Errno Advise(nint address, ulong length, int advice) => Libc.madvise(address, (nuint)length, advice) < 0 ? LastError() : Errno.None;

    /// <summary>Maps a file, shared, over addresses taken before; what is mapped there is replaced in one step.</summary>
    public static Errno Map(nint address, ulong length, FileDescriptor file, ulong offset) =>
        Libc.mmap(address, (nuint)length, ReadWrite, MapFlags.MAP_SHARED | MapFlags.MAP_FIXED, file, (long)offset) == Failure
            ? LastError() : Errno.None;

    /// <summary>Maps a file, shared, wherever there is room; 0 where <paramref name="error"/> says why not.</summary>
    /// <param name="length">In bytes, a multiple of the page.</param>
    /// <param name="protection">Of <see cref="MemoryProtection"/>.</param>
    /// <param name="file">The file.</param>
    /// <param name="offset">In the file, in bytes, a multiple of its page.</param>
    /// <param name="error">EACCES or EPERM where the file may not be used so, ENOMEM where no addresses or no mappings are left.</param>
    public static nint MapAnywhere(ulong length, int protection, FileDescriptor file, ulong offset, out Errno error)
    {
        nint address = Libc.mmap(0, (nuint)length, protection, MapFlags.MAP_SHARED, file, (long)offset);
        error = address == Failure ? LastError() : Errno.None;
        return error == Errno.None ? address : 0;
    }

    /// <summary>Copies between two places of this process through the kernel, which says EFAULT where a plain access would raise a signal.</summary>
    /// <param name="from">Where from.</param>
    /// <param name="to">Where to.</param>
    /// <param name="length">In bytes.</param>
    /// <returns>EFAULT where not all could be read or written; a part may have been.</returns>
    public static Errno Copy(nint from, nint to, nuint length)
    {
        while (length > 0)
        {
            // The local side is touched by a copy to user space, the remote one page by page through the page tables: both say EFAULT.
            nint copied = Libc.process_vm_readv(
                Environment.ProcessId, [new IoVector { iov_base = to, iov_len = length }], 1, [new IoVector { iov_base = from, iov_len = length }], 1, 0);
            if (copied < 0)
            {
                return LastError();
            }

            if (copied == 0)
            {
                return Errno.EFAULT;
            }

            from += copied;
            to += copied;
            length -= (nuint)copied;
        }

        return Errno.None;
    }

    /// <summary>As <see cref="Map"/>, but what is written stays with this mapping and never reaches the file.</summary>
    public static Errno MapPrivate(nint address, ulong length, FileDescriptor file, ulong offset) =>
        Libc.mmap(address, (nuint)length, ReadWrite, MapFlags.MAP_PRIVATE | MapFlags.MAP_FIXED, file, (long)offset) == Failure
            ? LastError() : Errno.None;

    /// <summary>Gives addresses back, with what is mapped there; ENOMEM where that takes one mapping more than the process may have.</summary>
    public static Errno Release(nint address, ulong length) => Libc.munmap(address, (nuint)length) < 0 ? LastError() : Errno.None;

    private static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();
}
