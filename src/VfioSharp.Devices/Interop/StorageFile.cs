using System.Buffers;
using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// A file or block device that something is kept in: read and written at any place, from and to many pieces of memory at once. Not for two threads at
/// a time.
/// </summary>
internal sealed unsafe class StorageFile : IDisposable
{
    private readonly FileDescriptor file;
    private readonly IoVector[] vectors;
    private readonly MemoryHandle[] pins;

    private StorageFile(FileDescriptor file, long length, int pieces)
    {
        this.file = file;
        Length = length;
        vectors = new IoVector[pieces];
        pins = new MemoryHandle[pieces];
    }

    /// <summary>In bytes, when it was opened.</summary>
    public long Length { get; }

    /// <summary>Opens a file that there is.</summary>
    /// <param name="path">A regular file or a block device.</param>
    /// <param name="isReadOnly">Whether it is only read; else nobody else has it, as far as they lock what they have (flock(2)).</param>
    /// <param name="isDirect">Whether to go past the kernel's cache.</param>
    /// <param name="pieces">Of memory that one transfer may have, at most 1024.</param>
    /// <param name="error">EAGAIN where somebody else has it, EINVAL where it is neither file nor block device or cannot be had directly.</param>
    public static StorageFile? Open(string path, bool isReadOnly, bool isDirect, int pieces, out Errno error)
    {
        int flags = (isReadOnly ? OpenFlags.O_RDONLY : OpenFlags.O_RDWR) | (isDirect ? MachineAbi.Current.O_DIRECT : 0);
        if (FileDescriptor.Open(path, flags, out error) is not { } file)
        {
            return null;
        }

        error = file.GetStatus(out Statx status);
        if (error == Errno.None && (status.stx_mode & StatxFlags.S_IFMT) is not (StatxFlags.S_IFREG or StatxFlags.S_IFBLK))
        {
            error = Errno.EINVAL;
        }

        if (error == Errno.None && !isReadOnly && Libc.flock(file, FileControl.LOCK_EX | FileControl.LOCK_NB) < 0)
        {
            error = LastError();
        }

        // A block device has a length only for who goes to its end.
        long length = error == Errno.None ? Libc.lseek(file, 0, SeekOrigins.SEEK_END) : 0;
        if (length < 0)
        {
            error = LastError();
        }

        if (error == Errno.None)
        {
            return new StorageFile(file, length, pieces);
        }

        file.Dispose();
        return null;
    }

    /// <summary>Reads all that the pieces hold; EIO where the file ends before.</summary>
    public Errno Read(ReadOnlySpan<Memory<byte>> pieces, long offset) => Move(pieces, offset, isWrite: false, isDurable: false);

    /// <summary>Writes all that the pieces hold.</summary>
    /// <param name="pieces">The data.</param>
    /// <param name="offset">Where to, in bytes.</param>
    /// <param name="isDurable">Whether it is to be on the medium once this returns.</param>
    public Errno Write(ReadOnlySpan<Memory<byte>> pieces, long offset, bool isDurable) => Move(pieces, offset, isWrite: true, isDurable);

    /// <summary>Brings to the medium all that was written.</summary>
    public Errno Flush() => Libc.fdatasync(file) < 0 ? LastError() : Errno.None;

    /// <summary>Makes a part zeros that takes no room; EOPNOTSUPP where the file cannot.</summary>
    public Errno PunchHole(long offset, long length) =>
        Libc.fallocate(file, AllocateFlags.FALLOC_FL_PUNCH_HOLE | AllocateFlags.FALLOC_FL_KEEP_SIZE, offset, length) < 0 ? LastError() : Errno.None;

    /// <inheritdoc/>
    public void Dispose() => file.Dispose();

    private static Errno LastError() => (Errno)Marshal.GetLastPInvokeError();

    private Errno Move(ReadOnlySpan<Memory<byte>> pieces, long offset, bool isWrite, bool isDurable)
    {
        for (int i = 0; i < pieces.Length; i++)
        {
            pins[i] = pieces[i].Pin();
            vectors[i] = new IoVector { iov_base = (nint)pins[i].Pointer, iov_len = (nuint)pieces[i].Length };
        }

        Errno error = Move(vectors.AsSpan(0, pieces.Length), offset, isWrite, isDurable);
        for (int i = 0; i < pieces.Length; i++)
        {
            pins[i].Dispose();
        }

        return error;
    }

    private Errno Move(Span<IoVector> left, long offset, bool isWrite, bool isDurable)
    {
        while (left.Length > 0)
        {
            nint moved = isWrite
                ? Libc.pwritev2(file, left, left.Length, offset, isDurable ? ReadWriteFlags.RWF_DSYNC : 0)
                : Libc.preadv2(file, left, left.Length, offset, 0);
            Errno error = moved < 0 ? LastError() : moved == 0 ? Errno.EIO : Errno.None;
            if (error == Errno.EINTR)
            {
                continue;
            }

            if (error != Errno.None)
            {
                return error;
            }

            offset += moved;
            left = Advance(left, (nuint)moved);
        }

        return Errno.None;
    }

    private static Span<IoVector> Advance(Span<IoVector> left, nuint moved)
    {
        while (left.Length > 0 && moved >= left[0].iov_len)
        {
            moved -= left[0].iov_len;
            left = left[1..];
        }

        if (left.Length > 0)
        {
            left[0].iov_base += (nint)moved;
            left[0].iov_len -= moved;
        }

        return left;
    }
}
