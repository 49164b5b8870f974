using System.Buffers.Binary;
using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.RiscV;

/// <summary>
/// A RISC-V IOMMU before the harts' interrupt files (RISC-V IOMMU specification 1.0; Advanced Interrupt Architecture 1.0, chapters 3 and 8): a device's
/// context names an MSI page table, and that says which files stand for the virtual ones that the device writes to. What is written, the interrupt's
/// identity, passes as it is.
/// </summary>
/// <remarks>
/// Left out is what lies behind the files: identities that are not enabled. Recording a message in a memory-resident file is shown as delivery: what the
/// host finds there when the notice comes.
/// </remarks>
public sealed class ImsicUnit : IsolationUnit
{
    /// <summary>ddtp.iommu_mode (5.5): all is refused.</summary>
    internal const ulong Off = 0;

    /// <summary>ddtp.iommu_mode: all passes.</summary>
    internal const ulong Bare = 1;

    /// <summary>ddtp.iommu_mode: a device directory of three levels; 2 and 3 are of one and two.</summary>
    internal const ulong ThreeLevels = 4;

    // Bits of a DeviceID that select an entry of the lowest level, and of those above (2.1, extended format).
    private const int ContextBits = 6;
    private const int LevelBits = 9;
    private const ulong ModeMask = 0xF;
    private const ulong EntryValid = 1;
    private const ulong EntryPage = ((1UL << 44) - 1) << 10;

    // seteipnum_le and seteipnum_be (3.5).
    private const ulong LittleEndian = 0;
    private const ulong BigEndian = 4;
    private const ulong OffsetMask = 0xFFF;
    private const uint ResidentIdentities = 2048;
    private const int ResidentFileWords = MsiPageEntry.ResidentFileLength / sizeof(ulong);

    // Causes of faults (3.2).
    private static readonly MessageFault NotMapped = new("the regular page tables map nothing there: write guest-page fault", 23);
    private static readonly MessageFault AllDisallowed = new("all inbound transactions disallowed", 256);
    private static readonly MessageFault DirectoryLoadFault = new("DDT entry load access fault", 257);
    private static readonly MessageFault DirectoryInvalid = new("DDT entry not valid", 258);
    private static readonly MessageFault DirectoryMisconfigured = new("DDT entry misconfigured", 259);
    private static readonly MessageFault TypeDisallowed = new("transaction type disallowed: the device ID is wider than the directory", 260);
    internal static readonly MessageFault EntryLoadFault = new("MSI PTE load access fault", 261);
    private static readonly MessageFault EntryInvalid = new("MSI PTE not valid", 262);
    private static readonly MessageFault EntryMisconfigured = new("MSI PTE misconfigured", 263);

    // What the files ignore has no numbers.
    private static readonly MessageFault NoFile = new("the page is no interrupt file's");
    private static readonly MessageFault NoRegister = new("reserved bytes of an interrupt file's page");
    private static readonly MessageFault NoIdentity = new("the file has no such identity");
    private static readonly MessageFault NoResidentFile = new("no memory-resident file lies there");
    private static readonly MessageFault NobodyNoticed = new("the notice of the memory-resident file raises nothing");

    // A group's page numbers its address space, and GSCID has 16 bits.
    private const int MaximumPages = 1 << 16;

    private readonly HostMemory memory;

    /// <summary>Makes a unit with memory for its tables, refusing all, as after reset.</summary>
    /// <param name="memory">Where the tables are set aside.</param>
    /// <param name="layout">The files, which all IOMMUs of a host have in common.</param>
    /// <param name="pages">How many pages tables and memory-resident files may take: one a group, one for each 64 device IDs in use, three more.</param>
    internal ImsicUnit(HostMemory memory, ImsicLayout layout, int pages = 512)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(pages, MaximumPages);
        this.memory = memory;
        Layout = layout;
        Tables = memory.Allocate("RISC-V IOMMU tables", pages << ImsicLayout.PageShift);
    }

    /// <inheritdoc/>
    public override string Name => "RISC-V IMSIC";

    /// <summary>
    /// The device directory (ddtp, 5.5): bits 3:0 say how it is walked, or that nothing or everything passes; bits 53:10 number its first page.
    /// </summary>
    public ulong DirectoryPointer { get; internal set; }

    /// <summary>The highest identity that interrupt files implement.</summary>
    public int Identities => Layout.Identities;

    /// <summary>How many guest interrupt files each hart has (GEILEN).</summary>
    public int GuestFiles => Layout.GuestFiles;

    internal ImsicLayout Layout { get; }

    internal HostTable Tables { get; }

    /// <summary>
    /// No register: the identity at which the host, at a supervisor-level file, looks into memory-resident files (8.3.5 leaves it to software). 0 for none.
    /// </summary>
    internal uint NoticeIdentity { get; set; }

    private ulong Mode => DirectoryPointer & ModeMask;

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => Layout.Contains(address);

    /// <inheritdoc/>
    public override UnitCondition Examine() => Mode switch
    {
        Off => new(true, "nothing passes (ddtp.iommu_mode is Off)"),
        Bare => new(false, "every function reaches every interrupt file (ddtp.iommu_mode is Bare)"),
        _ => new ImsicReach(this).Examine(),
    };

    /// <summary>
    /// The number under which a memory-resident file appears: its address, counted in files. No file of a hart has such a number, and no file of another
    /// IOMMU's has the same.
    /// </summary>
    internal static uint ResidentFileAt(ulong address) => (uint)(address / MsiPageEntry.ResidentFileLength);

    /// <summary>Whether the host has room for memory-resident files there.</summary>
    internal bool HasResidentFile(ulong address) => Tables.Holds(address, ResidentFileWords, out _);

    /// <summary>Whether an entry for a memory-resident file sends the notice that the host expects, which raises nothing but its looking there.</summary>
    internal bool IsNotice(MsiPageEntry entry) =>
        NoticeIdentity != 0 && entry.NoticeIdentity == NoticeIdentity && Layout.IsSupervisorLevel(Layout.FileAt(entry.NoticePage));

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (Mode is Off or Bare)
        {
            return Mode == Off ? MessageOutcome.Blocked(AllDisallowed) : Write(address, data);
        }

        if (FindContext(requester.Value, out DeviceContext context) is { } fault)
        {
            return MessageOutcome.Blocked(fault);
        }

        if (!context.IsMsi(address))
        {
            return context.IsTranslated ? MessageOutcome.Blocked(NotMapped) : Write(address, data);
        }

        if (FindEntry(context.EntryAddress(address), out MsiPageEntry entry) is { } wrong)
        {
            return MessageOutcome.Blocked(wrong);
        }

        ulong offset = address & OffsetMask;
        return entry.IsTranslating ? Write(entry.Page | offset, data) : Record(entry, offset, data);
    }

    /// <summary>A device's context (2.3.1).</summary>
    /// <returns>What is wrong; null where there is one.</returns>
    internal MessageFault? FindContext(uint device, out DeviceContext context)
    {
        context = default;
        if (FindContexts(device, out ulong at) is { } fault)
        {
            return fault;
        }

        at += (device & ((1u << ContextBits) - 1)) * DeviceContext.Length;
        if (Find(at, DeviceContext.Words, out int index) is not { } table)
        {
            return DirectoryLoadFault;
        }

        context = DeviceContext.Read(table, index);
        return !context.IsValid ? DirectoryInvalid : context.IsMisconfigured ? DirectoryMisconfigured : null;
    }

    /// <summary>An entry of an MSI page table (2.3.3).</summary>
    /// <returns>What is wrong; null where it can be used.</returns>
    internal MessageFault? FindEntry(ulong at, out MsiPageEntry entry)
    {
        entry = default;
        if (Find(at, 2, out int index) is not { } table)
        {
            return EntryLoadFault;
        }

        entry = new MsiPageEntry(table.Read(index), table.Read(index + 1));
        return !entry.IsValid ? EntryInvalid
            : entry.IsTranslating || entry.IsResident ? null
            : EntryMisconfigured;
    }

    /// <summary>The page of the directory that holds the contexts of a device and its 63 neighbours.</summary>
    /// <returns>What is wrong; null where there is one.</returns>
    internal MessageFault? FindContexts(uint device, out ulong at)
    {
        at = (DirectoryPointer & EntryPage) << 2;
        int levels = (int)(Mode - Bare);
        if (levels > 3 || device >> (ContextBits + (LevelBits * (levels - 1))) != 0)
        {
            return TypeDisallowed;
        }

        for (int level = levels - 1; level > 0; level--)
        {
            uint index = (device >> (ContextBits + (LevelBits * (level - 1)))) & ((1u << LevelBits) - 1);
            if (Find(at + (index * sizeof(ulong)), 1, out int word) is not { } table)
            {
                return DirectoryLoadFault;
            }

            ulong entry = table.Read(word);
            if ((entry & EntryValid) == 0)
            {
                return DirectoryInvalid;
            }

            if ((entry & ~(EntryPage | EntryValid)) != 0)
            {
                return DirectoryMisconfigured;
            }

            at = (entry & EntryPage) << 2;
        }

        return null;
    }

    // A write that has passed the IOMMU, to a file's registers (3.5).
    private MessageOutcome Write(ulong address, uint data)
    {
        uint file = Layout.FileAt(address);
        if (!Layout.IsFile(file))
        {
            return MessageOutcome.Blocked(NoFile);
        }

        if (!TryDecode(address & OffsetMask, data, out uint identity))
        {
            return MessageOutcome.Blocked(NoRegister);
        }

        return IsIdentity(identity) ? MessageOutcome.Delivered(new HostInterrupt(file, identity)) : MessageOutcome.Blocked(NoIdentity);
    }

    // 8.5.2: the message sets a bit of the memory-resident file, and a notice goes out, which may go to any page.
    private MessageOutcome Record(MsiPageEntry entry, ulong offset, uint data)
    {
        if (!TryDecode(offset, data, out uint identity))
        {
            return MessageOutcome.Blocked(NoRegister);
        }

        if (identity >= ResidentIdentities)
        {
            return MessageOutcome.Blocked(NoIdentity);
        }

        if (Find(entry.ResidentAddress, ResidentFileWords, out _) is null)
        {
            return MessageOutcome.Blocked(NoResidentFile);
        }

        if (!IsNotice(entry))
        {
            uint notified = Layout.FileAt(entry.NoticePage);
            return Layout.IsFile(notified) && IsIdentity(entry.NoticeIdentity)
                ? MessageOutcome.Delivered(new HostInterrupt(notified, entry.NoticeIdentity))
                : MessageOutcome.Blocked(NobodyNoticed);
        }

        return !HasResidentFile(entry.ResidentAddress) ? MessageOutcome.Blocked(NoResidentFile)
            : !IsIdentity(identity) ? MessageOutcome.Blocked(NoIdentity)
            : MessageOutcome.Delivered(new HostInterrupt(ResidentFileAt(entry.ResidentAddress), identity));
    }

    // What is written to one of a page's two registers.
    private static bool TryDecode(ulong offset, uint data, out uint identity)
    {
        identity = offset == BigEndian ? BinaryPrimitives.ReverseEndianness(data) : data;
        return offset is LittleEndian or BigEndian;
    }

    private bool IsIdentity(uint identity) => identity - 1 < (uint)Identities;

    private HostTable? Find(ulong at, int count, out int index) => Tables.Holds(at, count, out index) ? Tables : memory.Find(at, count, out index);
}
