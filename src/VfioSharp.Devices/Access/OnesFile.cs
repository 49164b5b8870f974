using System.Numerics;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Access;

/// <summary>Memory that reads as all ones, as an absent function does, to be put over the mappings of one that is gone.</summary>
/// <remarks>
/// A mapping whose backing vanishes raises SIGBUS, which ends the process. One file is mapped as often as needed; private, so that a store already
/// under way lands in a page of its own and harms nobody. Each time is a mapping, of which a process has 65530 as a rule (vm.max_map_count), so the
/// file's 2 MiB grow with the longest BAR, to 1/4096 of it.
/// </remarks>
internal static class OnesFile
{
    private const ulong MinLength = 2 << 20;
    private const ulong MaxLength = 64 << 20;
    private const ulong MappingsPerBar = 4096;

    private static readonly Lock Gate = new();

    // Replaced by a longer one as a whole; one that is still in use stays until it is not.
    private static volatile Ones? current;

    /// <summary>Replaces what is mapped in <c>[address, address + length)</c>, atomically for each length of the file.</summary>
    /// <exception cref="PciException">The process has too many mappings.</exception>
    public static void MapOver(nint address, ulong length)
    {
        Ones ones = Prepare(0);
        for (ulong done = 0; done < length; done += ones.Length)
        {
            Errno error = MappedMemory.MapPrivate(address + (nint)done, Math.Min(ones.Length, length - done), ones.File.File, 0);
            if (error != Errno.None)
            {
                throw new PciException("close a mapping", $"a mapping could not be replaced ({error}): see vm.max_map_count", errorNumber: (int)error);
            }
        }
    }

    /// <summary>Makes the file, while descriptors and memory can be had: a function may vanish when there are none.</summary>
    /// <param name="length">Of the BAR that it may have to stand for, in bytes.</param>
    public static Ones Prepare(ulong length)
    {
        ulong wanted = Math.Clamp(BitOperations.RoundUpToPowerOf2(length / MappingsPerBar), MinLength, MaxLength);
        if (current is { } ready && ready.Length >= wanted)
        {
            return ready;
        }

        lock (Gate)
        {
            return current is { } made && made.Length >= wanted ? made : current = new Ones(Create((int)wanted), wanted);
        }
    }

    private static MemoryFile Create(int length)
    {
        MemoryFile? file = MemoryFile.Create("vfiosharp-ones", length, 0, out Errno error);
        byte[] ones = new byte[64 << 10];
        ones.AsSpan().Fill(byte.MaxValue);
        for (int offset = 0; file is not null && error == Errno.None && offset < length; offset += ones.Length)
        {
            error = file.File.PositionedWrite(ones, offset, out int written);
            if (error == Errno.None && written != ones.Length)
            {
                error = Errno.ENOSPC;
            }
        }

        if (file is not null && error == Errno.None)
        {
            return file;
        }

        file?.Dispose();
        throw new PciException("map a BAR", $"no memory file could be made ({error}): see the limits on memory and open files", errorNumber: (int)error);
    }

    /// <summary>The file and its length in bytes.</summary>
    internal sealed record Ones(MemoryFile File, ulong Length);
}
