namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// An entry of the device table: where a device's interrupt translation table lies and how many EventIDs it has. What an entry holds is the
/// architecture's, its layout the implementation's (IHI 0069, 5.2): this one is ours.
/// </summary>
/// <param name="Word">Bit 63: valid; bits 51:8: the table's address; bits 4:0: how many bits an EventID has, less one (as MAPD gives them).</param>
internal readonly record struct ItsDeviceEntry(ulong Word)
{
    public const int Length = sizeof(ulong);

    /// <summary>What a translation table's address is a multiple of.</summary>
    public const int TableAlignment = 256;

    private const ulong Valid = 1UL << 63;
    private const ulong AddressMask = 0x000F_FFFF_FFFF_FF00;

    public bool IsValid => (Word & Valid) != 0;

    public ulong TableAddress => Word & AddressMask;

    public int EventBits => (int)(Word & 0x1F) + 1;

    public static ItsDeviceEntry To(ulong tableAddress, int eventBits) => new(Valid | (tableAddress & AddressMask) | (uint)(eventBits - 1));

    /// <summary>Where an event's entry lies.</summary>
    public ulong EntryAddress(uint eventId) => TableAddress + ((ulong)eventId * ItsTranslationEntry.Length);
}
