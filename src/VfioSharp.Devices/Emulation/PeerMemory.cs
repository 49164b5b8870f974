using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Emulation;

/// <summary>Takes memory that a peer offers by a descriptor. The peer is not trusted: what it may do to the file afterwards decides how it is touched.</summary>
internal static class PeerMemory
{
    /// <summary>Maps a piece of a file; null where it cannot be taken.</summary>
    /// <param name="share">What the peer has mapped until now.</param>
    /// <param name="file">The file; no longer needed afterwards.</param>
    /// <param name="offset">Where the piece starts in the file, in bytes.</param>
    /// <param name="start">Where the function is to see it.</param>
    /// <param name="length">In bytes, not 0; the piece does not wrap, neither in the file nor where the function sees it.</param>
    /// <param name="access">What the function may do.</param>
    /// <param name="trust">Whether the peer is trusted to leave the file as it is.</param>
    /// <param name="error">The error to give the peer.</param>
    /// <param name="reason">What is wrong, for whoever runs this process.</param>
    public static MemoryRegion? Take(
        PeerShare share, FileDescriptor file, ulong offset, Iova start, ulong length, DmaAccess access, bool trust, out Errno error, out string reason)
    {
        reason = "";
        error = Examine(file, out ulong size, out ulong granule, out uint fileSystem);
        if (error != Errno.None)
        {
            reason = $"its file cannot be looked at ({error}) or is no regular file";
            return null;
        }

        // The pages of other files come from disks, networks or programs, and an access may wait for those as long as they like.
        bool isMemory = fileSystem != 0;
        if (!isMemory && !trust)
        {
            error = Errno.EACCES;
            reason = "its file is not memory (memfd, tmpfs, hugetlbfs): use memory-backend-memfd, or trust the peer's memory";
            return null;
        }

        // First sealed, then measured: once it cannot be cut short any more, what is there stays.
        bool isSealed = isMemory && Seal(file);
        if (isSealed)
        {
            error = Examine(file, out size, out _, out _);
        }

        if (error != Errno.None || offset > size || length > size - offset)
        {
            error = Errno.EINVAL;
            reason = $"0x{length:x} bytes at 0x{offset:x} do not lie in its file of 0x{size:x} bytes";
            return null;
        }

        int protection = ((access & DmaAccess.Read) != 0 ? MemoryProtection.PROT_READ : 0) | ((access & DmaAccess.Write) != 0 ? MemoryProtection.PROT_WRITE : 0);
        if (PeerMapping.Create(share, file, offset, length, granule, protection, out error) is not { } mapping)
        {
            reason = error == Errno.ENOSPC ? "the peers of this process have mapped as much as they may" : $"its file cannot be mapped ({error})";
            return null;
        }

        // A huge page may be missing when it is first touched, sealed or not (the pool is shared): that is a SIGBUS as well.
        bool isDirect = trust || (isSealed && fileSystem != FileSystemStatus.HUGETLBFS_MAGIC);
        return isDirect ? new MappedFileRegion(start, mapping, length, access) : new GuardedFileRegion(start, mapping, length, access, share.Gone);
    }

    /// <summary>Forbids a file to become shorter; false where it cannot be forbidden.</summary>
    public static bool Seal(FileDescriptor file) =>
        (file.Control(FileControl.F_GET_SEALS, 0, out int seals) == Errno.None && (seals & FileControl.F_SEAL_SHRINK) != 0)
        || file.Control(FileControl.F_ADD_SEALS, FileControl.F_SEAL_SHRINK, out _) == Errno.None;

    /// <summary>Whether a file is regular and holds those bytes.</summary>
    public static bool Holds(FileDescriptor file, ulong offset, ulong length) =>
        Examine(file, out ulong size, out _, out _) == Errno.None && offset <= size && length <= size - offset;

    /// <summary>Measures a regular file; EINVAL where it is none. Asks nobody but the kernel, for a peer's program may be what a file is of.</summary>
    /// <param name="file">The file.</param>
    /// <param name="size">Its length in bytes.</param>
    /// <param name="granule">Its page's.</param>
    /// <param name="fileSystem">Which kind of memory it is: one of <see cref="FileSystemStatus"/>; 0 where it is none.</param>
    private static Errno Examine(FileDescriptor file, out ulong size, out ulong granule, out uint fileSystem)
    {
        size = 0;
        granule = (ulong)Environment.SystemPageSize;
        fileSystem = 0;
        Errno error = file.GetStatus(out Statx status);
        if (error != Errno.None || (status.stx_mode & StatxFlags.S_IFMT) != StatxFlags.S_IFREG)
        {
            return error == Errno.None ? Errno.EINVAL : error;
        }

        // Memory has seals, whether or not any can be added; no other file has (memfd_file_seals_ptr(), mm/memfd.c).
        size = status.stx_size;
        if (file.Control(FileControl.F_GET_SEALS, 0, out _) == Errno.None)
        {
            error = file.GetFileSystem(out fileSystem);
        }

        if (fileSystem == FileSystemStatus.HUGETLBFS_MAGIC && ulong.IsPow2(status.stx_blksize))
        {
            granule = Math.Max(granule, status.stx_blksize);
        }

        return error;
    }
}
