namespace VfioSharp.Lab.Guest.Scenarios;

/// <summary>A message-signalled interrupt: what is written where (PCIe 6.0, 6.1.4).</summary>
/// <param name="Address">Where the function writes.</param>
/// <param name="Data">What it writes.</param>
internal readonly record struct ForgedMessage(ulong Address, uint Data)
{
    /// <summary>The length of an entry of an MSI-X table (PCIe 6.0, 7.7.2.4).</summary>
    public const int EntryLength = 16;

    private const ulong AddressLow = 0;
    private const ulong AddressHigh = 4;
    private const ulong DataOffset = 8;
    private const ulong Window = 0xFEE0_0000;
    private const int ProcessorShift = 12;

    /// <summary>A message in compatibility format: it names a processor and a vector, and no entry of any table (VT-d 5.1.2.1).</summary>
    public static ForgedMessage ToProcessor(uint processor, uint vector) => new(Window | (processor << ProcessorShift), vector);

    /// <summary>Reads an entry.</summary>
    /// <param name="read">Reads 32 bits at an offset in it.</param>
    public static ForgedMessage Read(Func<ulong, uint> read) => new(read(AddressLow) | ((ulong)read(AddressHigh) << 32), read(DataOffset));

    /// <summary>Writes an entry, but for its mask.</summary>
    /// <param name="write">Writes 32 bits at an offset in it.</param>
    public void Write(Action<ulong, uint> write)
    {
        write(AddressLow, (uint)Address);
        write(AddressHigh, (uint)(Address >> 32));
        write(DataOffset, Data);
    }
}
