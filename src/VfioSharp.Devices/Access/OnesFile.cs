using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Access;

/// <summary>Memory that reads as all ones, as an absent function does, to be put over the mappings of one that is gone.</summary>
/// <remarks>
/// A mapping whose backing vanishes raises SIGBUS, which ends the process. One file of 2 MiB is mapped as often as needed; private, so that a store
/// already under way lands in a page of its own and harms nobody.
/// </remarks>
internal static class OnesFile
{
    private const int Length = 2 << 20;

    private static readonly MemoryFile File = Create();

    /// <summary>Replaces what is mapped in <c>[address, address + length)</c>, atomically for each 2 MiB.</summary>
    /// <exception cref="PciException">The process has too many mappings.</exception>
    public static void MapOver(nint address, ulong length)
    {
        for (ulong done = 0; done < length; done += Length)
        {
            Errno error = MappedMemory.MapPrivate(address + (nint)done, Math.Min(Length, length - done), File.File, 0);
            if (error != Errno.None)
            {
                throw new PciException("close a mapping", $"a mapping could not be replaced ({error}): see vm.max_map_count", errorNumber: (int)error);
            }
        }
    }

    /// <summary>Makes the file, while descriptors and memory can be had: a function may vanish when there are none.</summary>
    public static void Prepare() => _ = File;

    private static MemoryFile Create()
    {
        MemoryFile? file = MemoryFile.Create("vfiosharp-ones", Length, 0, out Errno error);
        byte[] ones = new byte[64 << 10];
        ones.AsSpan().Fill(byte.MaxValue);
        for (int offset = 0; file is not null && error == Errno.None && offset < Length; offset += ones.Length)
        {
            error = file.File.PositionedWrite(ones, offset, out int written);
            if (error == Errno.None && written != ones.Length)
            {
                error = Errno.ENOSPC;
            }
        }

        return file is not null && error == Errno.None ? file
            : throw new PciException("map a BAR", $"no memory file could be made ({error}): see the limits on memory and open files", errorNumber: (int)error);
    }
}
