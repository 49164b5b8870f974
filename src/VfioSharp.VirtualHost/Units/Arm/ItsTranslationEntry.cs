namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>An entry of an interrupt translation table: what an event of a device becomes. Its layout is ours, as <see cref="ItsDeviceEntry"/>'s.</summary>
/// <param name="Word">Bit 63: valid; bits 47:32: the collection (ICID); bits 31:0: the interrupt (INTID).</param>
internal readonly record struct ItsTranslationEntry(ulong Word)
{
    public const int Length = sizeof(ulong);

    private const ulong Valid = 1UL << 63;

    public bool IsValid => (Word & Valid) != 0;

    public uint Intid => (uint)Word;

    public int Collection => (int)(Word >> 32) & 0xFFFF;

    public static ItsTranslationEntry To(uint intid, int collection) => new(Valid | ((ulong)(ushort)collection << 32) | intid);
}
