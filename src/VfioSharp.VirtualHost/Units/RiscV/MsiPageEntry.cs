namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// An entry of an MSI page table (Advanced Interrupt Architecture 1.0, 8.5): which interrupt file stands for a virtual one, or which memory-resident
/// file takes its messages.
/// </summary>
/// <param name="Low">The first doubleword.</param>
/// <param name="High">The second doubleword, which only a memory-resident file needs.</param>
internal readonly record struct MsiPageEntry(ulong Low, ulong High)
{
    public const int Length = 2 * sizeof(ulong);

    /// <summary>What a memory-resident file's address is a multiple of, and its length in bytes (8.3.1).</summary>
    public const int ResidentFileLength = 512;

    private const ulong Valid = 1;
    private const ulong Custom = 1UL << 63;
    private const int ModeShift = 1;
    private const ulong Translate = 3;
    private const ulong Resident = 1;
    private const ulong PageMask = ((1UL << 44) - 1) << 10;
    private const ulong ResidentMask = ((1UL << 47) - 1) << 7;
    private const int PageToAddress = 2; // a page number's bit 0 is bit 10 here and bit 12 of an address
    private const ulong NoticeLow = 0x3FF;
    private const ulong NoticeHigh = 1UL << 60;

    public bool IsValid => (Low & Valid) != 0;

    /// <summary>Whether it translates (M is 3), with nothing set that must not be.</summary>
    public bool IsTranslating => Low == ((Low & PageMask) | (Translate << ModeShift) | Valid);

    /// <summary>Whether it names a memory-resident file (M is 1), with nothing set that must not be.</summary>
    public bool IsResident => Low == ((Low & ResidentMask) | (Resident << ModeShift) | Valid) && (High & ~(PageMask | NoticeLow | NoticeHigh)) == 0;

    /// <summary>The page that stands for the virtual file's.</summary>
    public ulong Page => (Low & PageMask) << PageToAddress;

    /// <summary>Where the memory-resident file lies: bits 55:9, at bits 53:7.</summary>
    public ulong ResidentAddress => (Low & ResidentMask) << PageToAddress;

    /// <summary>Where the notice is sent that the memory-resident file has changed (NPPN).</summary>
    public ulong NoticePage => (High & PageMask) << PageToAddress;

    /// <summary>What the notice says (NID).</summary>
    public uint NoticeIdentity => (uint)((High & NoticeLow) | ((High & NoticeHigh) >> 50));

    public static MsiPageEntry ToPage(ulong page) => new((page >> PageToAddress) | (Translate << ModeShift) | Valid, 0);

    public static MsiPageEntry ToResident(ulong address, ulong noticePage, uint noticeIdentity) => new(
        (address >> PageToAddress) | (Resident << ModeShift) | Valid,
        (noticePage >> PageToAddress) | (noticeIdentity & NoticeLow) | (((ulong)noticeIdentity << 50) & NoticeHigh));
}
