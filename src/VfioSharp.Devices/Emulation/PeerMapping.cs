using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Emulation;

/// <summary>A piece of a peer's file, mapped into this process.</summary>
/// <remarks>
/// What peers may map is bounded for all of them together: a process that runs out of mappings or addresses does not survive it, for its runtime needs
/// some too. No peer may have more than it leaves to the others, so that one who takes all it can get does not shut them out.
/// </remarks>
internal sealed class PeerMapping : IDisposable
{
    private const ulong MaxBytes = 1UL << 46; // half of what x86-64 and arm64 give a process
    private const long UsualMaxMappings = 65530; // DEFAULT_MAX_MAP_COUNT

    private static readonly long MaxMappings = ReadMaxMappings() / 2;
    private static readonly Lock Gate = new();
    private static long mappings;
    private static ulong bytes;

    private readonly PeerShare share;
    private readonly nint mapped;
    private readonly ulong mappedLength;
    private bool disposed;

    private PeerMapping(PeerShare share, nint mapped, ulong mappedLength, nint address)
    {
        this.share = share;
        this.mapped = mapped;
        this.mappedLength = mappedLength;
        Address = address;
    }

    /// <summary>Where the piece begins.</summary>
    public nint Address { get; }

    /// <summary>Maps a piece; null where <paramref name="error"/> says why not: ENOSPC where the peer, or all peers, have mapped as much as they may.</summary>
    /// <param name="share">What the peer has mapped.</param>
    /// <param name="file">The file, which holds the piece; no longer needed afterwards.</param>
    /// <param name="offset">Where the piece starts in the file, in bytes, not aligned to anything.</param>
    /// <param name="length">Its length in bytes.</param>
    /// <param name="granule">The file's page size in bytes.</param>
    /// <param name="protection">Of <see cref="MemoryProtection"/>.</param>
    /// <param name="error">What mmap(2) says.</param>
    public static PeerMapping? Create(PeerShare share, FileDescriptor file, ulong offset, ulong length, ulong granule, int protection, out Errno error)
    {
        ulong before = offset & (granule - 1);
        ulong whole = (before + length + (granule - 1)) & ~(granule - 1);
        lock (Gate)
        {
            if (share.Mappings >= MaxMappings - mappings || whole > MaxBytes - bytes || share.Bytes > MaxBytes - bytes - whole)
            {
                error = Errno.ENOSPC;
                return null;
            }

            Account(share, 1, whole);
        }

        nint address = MappedMemory.MapAnywhere(whole, protection, file, offset - before, out error);
        if (error == Errno.None)
        {
            return new PeerMapping(share, address, whole, address + (nint)before);
        }

        GiveBack(share, whole);
        return null;
    }

    /// <summary>Unmaps the piece, which nobody must use any more.</summary>
    public void Dispose()
    {
        if (!Interlocked.Exchange(ref disposed, true))
        {
            MappedMemory.Release(mapped, mappedLength);
            GiveBack(share, mappedLength);
        }
    }

    private static void GiveBack(PeerShare share, ulong length)
    {
        lock (Gate)
        {
            Account(share, -1, 0 - length);
        }
    }

    private static void Account(PeerShare share, long count, ulong length)
    {
        mappings += count;
        share.Mappings += count;
        bytes = unchecked(bytes + length);
        share.Bytes = unchecked(share.Bytes + length);
    }

    private static long ReadMaxMappings()
    {
        using FileDescriptor? file = FileDescriptor.Open("/proc/sys/vm/max_map_count", OpenFlags.O_RDONLY, out _);
        return file is not null && FileReader.ReadToEnd(file, 64, out byte[] text) == Errno.None && long.TryParse(text.AsSpan().Trim((byte)'\n'), out long count)
            ? count : UsualMaxMappings;
    }
}
