using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Access;

/// <summary>Memory that reads as all ones, as an absent function does, to be put over mappings of one that is gone.</summary>
/// <remarks>
/// A mapping whose backing vanishes raises SIGBUS, which ends the process. One file of 2 MiB is mapped as often as needed; private, so that a store
/// already under way lands in a page of its own and harms nobody.
/// </remarks>
internal static class OnesFile
{
    private const int Length = 2 << 20;

    private static readonly MemoryFile File = Create();

    /// <summary>Replaces the mappings in <c>[address, address + length)</c>, atomically for each 2 MiB.</summary>
    public static void MapOver(nint address, ulong length)
    {
        for (ulong done = 0; done < length; done += Length)
        {
            MappedMemory.Replace(address + (nint)done, Math.Min(Length, length - done), File.Descriptor, 0, isPrivate: true);
        }
    }

    /// <summary>Makes the file now, while descriptors and memory can be had.</summary>
    public static void Prepare() => _ = File;

    private static MemoryFile Create()
    {
        MemoryFile file = MemoryFile.Create("vfiosharp-ones", Length);
        byte[] ones = new byte[64 << 10];
        ones.AsSpan().Fill(byte.MaxValue);
        for (int offset = 0; offset < Length; offset += ones.Length)
        {
            file.Write(ones, (ulong)offset);
        }

        return file;
    }
}
