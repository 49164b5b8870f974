namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// What a device table entry says of the messages of a requester ID (AMD IOMMU specification 3.11, table 7). One of all zeros lets everything pass:
/// a host that remaps has to fill in the entry of every ID there could be.
/// </summary>
/// <param name="Low">Bits 63:0: whether and how addresses are translated. Messages do not depend on it, whatever V is (2.2.2.1, note on V).</param>
/// <param name="Interrupts">Bits 191:128: the interrupt map.</param>
/// <param name="High">Bits 255:192: reserved where no guest has the IOMMU.</param>
internal readonly record struct AmdViDeviceEntry(ulong Low, ulong Interrupts, ulong High)
{
    public const int Length = 32;

    private const ulong Valid = 1;
    private const ulong TranslationValid = 2;
    private const ulong InterruptMapValid = 1;
    private const ulong TablePointer = 0x000F_FFFF_FFFF_FFC0;
    private const int ControlShift = 60;
    private const int LastTableLength = 11;

    // 181:180 always, 183:182 and 187 without guest translation and secure ATS; 206:192.
    private const ulong InterruptsReserved = 0x08F0_0000_0000_0000;
    private const ulong HighReserved = 0x7FFF;

    private const AmdViPass AllPasses = AmdViPass.InitPass | AmdViPass.EIntPass | AmdViPass.NmiPass | AmdViPass.Lint0Pass | AmdViPass.Lint1Pass;

    /// <summary>An entry that translates addresses and has no interrupt map: messages pass.</summary>
    public static AmdViDeviceEntry Open => new(Valid | TranslationValid, 0, 0);

    /// <summary>An entry that aborts all messages.</summary>
    public static AmdViDeviceEntry Closed => Open with { Interrupts = InterruptMapValid };

    /// <summary>IV: whether there is an interrupt map; without, all messages pass unmapped.</summary>
    public bool HasInterruptMap => (Interrupts & InterruptMapValid) != 0;

    public AmdViInterruptControl Control => (AmdViInterruptControl)((Interrupts >> ControlShift) & 3);

    public AmdViPass Passes => (AmdViPass)Interrupts & AllPasses;

    /// <summary>Where the interrupt remapping table begins in memory.</summary>
    public ulong Table => Interrupts & TablePointer;

    /// <summary>How many entries the table has.</summary>
    public int TableEntries => 1 << TableLength;

    /// <summary>Whether the interrupt map has something that it must not have, so that it admits nothing (table 43).</summary>
    public bool IsIllegal =>
        (Interrupts & InterruptsReserved) != 0 || (High & HighReserved) != 0
        || Control == AmdViInterruptControl.Reserved || (Control == AmdViInterruptControl.Remap && TableLength > LastTableLength);

    private int TableLength => (int)(Interrupts >> 1) & 0xF;

    /// <summary>An entry that looks messages up in a table and lets no others pass.</summary>
    /// <param name="table">Where the table begins; a multiple of 128.</param>
    /// <param name="tableLength">The logarithm of its number of entries, 0 to 11.</param>
    public static AmdViDeviceEntry To(ulong table, int tableLength) => Closed with
    {
        Interrupts = InterruptMapValid | ((ulong)tableLength << 1) | table | ((ulong)AmdViInterruptControl.Remap << ControlShift),
    };
}
