namespace VfioSharp.Devices.Dma;

/// <summary>What fills the rest of a guarded buffer's last page: whoever writes beyond the buffer changes it.</summary>
internal static unsafe class Canary
{
    private const byte Pattern = 0xC5;

    /// <summary>Fills what of the memory lies behind a buffer of that length.</summary>
    public static void Plant(DmaMemory memory, long length) => Rest(memory, length).Fill(Pattern);

    /// <summary>The first byte behind the buffer that has changed, counted from the buffer's first; -1 where none has.</summary>
    public static long Find(DmaMemory memory, long length)
    {
        int changed = Rest(memory, length).IndexOfAnyExcept(Pattern);
        return changed < 0 ? -1 : length + changed;
    }

    // Less than a page, be it a huge one.
    private static Span<byte> Rest(DmaMemory memory, long length) => new((byte*)memory.Address + length, (int)((long)memory.Length - length));
}
