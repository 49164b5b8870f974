using System.Numerics;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Dma;

/// <summary>
/// Memory of the kernel's, taken for a buffer: zeros in a file of their own, so that a peer in another process can map them. Shared, hence never copied
/// by a fork under the function's accesses; sealed, so that a peer may touch it without fear.
/// </summary>
internal sealed class AllocatedMemory : DmaMemory
{
    private const int HugeShift = 26; // MFD_HUGE_SHIFT: the page's size as a power of two stands in the flags from here on

    private readonly ulong margin;

    private AllocatedMemory(nint address, ulong length, ulong margin)
    {
        this.margin = margin;
        Set(address, length);
    }

    /// <summary>Takes memory.</summary>
    /// <param name="function">Whom it is for.</param>
    /// <param name="length">In bytes, a multiple of <paramref name="alignment"/>.</param>
    /// <param name="alignment">Of its address in bytes, a power of two, at least the host's page.</param>
    /// <param name="hugePageSize">The size of its pages; 0 for ordinary ones.</param>
    /// <param name="margin">How many bytes before and behind it are to be beyond reach: an access there ends the process. A multiple of the page.</param>
    /// <param name="file">The file behind it. The memory does not need it open.</param>
    /// <exception cref="PciException">There is none.</exception>
    public static AllocatedMemory Take(PciFunction function, ulong length, ulong alignment, long hugePageSize, ulong margin, out MemoryFile file)
    {
        uint flags = MemoryFileFlags.MFD_ALLOW_SEALING;
        if (hugePageSize != 0)
        {
            flags |= MemoryFileFlags.MFD_HUGETLB | ((uint)BitOperations.Log2((ulong)hugePageSize) << HugeShift);
        }

        file = length > long.MaxValue
            ? throw Failure(function, length, hugePageSize, Errno.EFBIG)
            : MemoryFile.Create("vfiosharp-dma", (long)length, flags, out Errno error) ?? throw Failure(function, length, hugePageSize, error);
        error = file.AddSeals(FileControl.F_SEAL_SHRINK | FileControl.F_SEAL_GROW);
        nint address = error == Errno.None ? Map(file, length, alignment, margin, out error) : 0;
        if (error == Errno.None)
        {
            return new AllocatedMemory(address, length, margin);
        }

        file.Dispose();
        throw Failure(function, length, hugePageSize, error);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle() => MappedMemory.Release(handle - (nint)margin, Length + (2 * margin)) == Errno.None;

    // Aligned addresses come from taking more and giving the ends back.
    private static nint Map(MemoryFile file, ulong length, ulong alignment, ulong margin, out Errno error)
    {
        ulong excess = alignment - (ulong)Environment.SystemPageSize;
        nint taken = MappedMemory.Reserve(length + excess + (2 * margin), out error);
        if (error != Errno.None)
        {
            return 0;
        }

        ulong before = (alignment - (((ulong)taken + margin) & (alignment - 1))) & (alignment - 1);
        nint address = taken + (nint)(before + margin);
        Trim(taken, before);
        Trim(address + (nint)(length + margin), excess - before);
        error = MappedMemory.Map(address, length, file.File, 0);
        if (error != Errno.None)
        {
            MappedMemory.Release(address - (nint)margin, length + (2 * margin));
        }

        return address;
    }

    private static void Trim(nint address, ulong length)
    {
        if (length != 0)
        {
            MappedMemory.Release(address, length);
        }
    }

    private static PciException Failure(PciFunction function, ulong length, long hugePageSize, Errno error)
    {
        string reason = (hugePageSize, error) switch
        {
            (_, Errno.EMFILE) => "this process has no descriptor left: raise RLIMIT_NOFILE (ulimit -n)",
            (_, Errno.ENFILE) => "the host has no descriptor left: raise /proc/sys/fs/file-max",
            (0, Errno.ENOMEM) => "the kernel has no memory or addresses left for this process",
            (0, _) => $"the kernel refuses ({error})",
            _ => HugePages.Explain(length, (ulong)hugePageSize, error),
        };
        return new PciException(
            "allocate DMA memory", $"{function.Name}: {length} bytes of memory for DMA cannot be had: {reason}", function.Address, (int)error);
    }
}
