using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Units.Intel;

/// <summary>
/// Interrupt remapping of Intel VT-d (specification 5.1, chapter 5): a message names an entry of a table, and the entry says which source may use
/// it. Messages in the format without a name are blocked unless software allows them.
/// </summary>
public sealed class VtdUnit : IsolationUnit
{
    private const ulong RemappableFormat = 1 << 4;
    private const ulong SubhandleValid = 1 << 3;

    // Table 28: reasons of interrupt translation faults.
    private static readonly MessageFault ReservedRequest = new("a reserved field of the request is set", 0x20);
    private static readonly MessageFault IndexTooLarge = new("the index lies beyond the table", 0x21);
    private static readonly MessageFault NotPresent = new("the entry is not present", 0x22);
    private static readonly MessageFault ReservedEntry = new("a reserved field of the entry is set", 0x24);
    private static readonly MessageFault CompatibilityBlocked = new("the compatibility format is blocked", 0x25);
    private static readonly MessageFault WrongSource = new("source-id verification failure", 0x26);

    private readonly HostTable table;
    private readonly int entries;

    /// <summary>Makes a unit with its table, remapping off, as after reset.</summary>
    /// <param name="memory">Where the table is set aside.</param>
    /// <param name="entries">How many it has: a power of two, 2 to 65,536 (IRTA_REG.S, 11.4.8.1).</param>
    internal VtdUnit(HostMemory memory, int entries)
    {
        this.entries = entries;
        table = memory.Allocate("VT-d interrupt remapping table", entries * VtdEntry.Length);
    }

    /// <inheritdoc/>
    public override string Name => "Intel VT-d";

    /// <summary>Whether it remaps at all (GSTS_REG.IRES); else every message is delivered as it is written.</summary>
    public bool IsRemapping { get; internal set; }

    /// <summary>Whether messages in the compatibility format pass while it remaps (GSTS_REG.CFIS); never in extended mode.</summary>
    public bool AllowsCompatibilityFormat { get; internal set; }

    /// <summary>Whether entries name processors by 32-bit x2APIC IDs (IRTA_REG.EIME).</summary>
    public bool IsExtended { get; internal set; }

    internal int Entries => entries;

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => X86Message.IsMessage(address);

    /// <inheritdoc/>
    public override UnitCondition Examine()
    {
        if (!IsRemapping)
        {
            return new(false, "interrupt remapping is not enabled (GSTS_REG.IRES is 0): every message is delivered as it is written");
        }

        if (AllowsCompatibilityFormat && !IsExtended)
        {
            return new(false, "messages in the compatibility format pass unremapped (GSTS_REG.CFIS is 1)");
        }

        for (int index = 0; index < entries; index++)
        {
            if (Read(index) is { IsPresent: true, ChecksSource: false })
            {
                return new(false, $"entry {index} of the table checks no source (SVT is 0): any function can use it");
            }
        }

        return new(true, "every message names an entry of the table, and every entry that is present admits one source or the buses behind one bridge");
    }

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (!IsRemapping)
        {
            return X86Message.Deliver(address, data);
        }

        if ((address & RemappableFormat) == 0)
        {
            return AllowsCompatibilityFormat && !IsExtended ? X86Message.Deliver(address, data) : MessageOutcome.Blocked(CompatibilityBlocked);
        }

        // 5.1.2.2: the handle's high bit stands apart; with SHV the data adds to it.
        uint index = ((uint)(address >> 5) & 0x7FFF) | ((uint)(address << 13) & 0x8000);
        if ((address & SubhandleValid) != 0)
        {
            if (data > ushort.MaxValue)
            {
                return MessageOutcome.Blocked(ReservedRequest);
            }

            index += data;
        }

        if (index >= (uint)entries)
        {
            return MessageOutcome.Blocked(IndexTooLarge);
        }

        VtdEntry entry = Read((int)index);
        return !entry.IsPresent ? MessageOutcome.Blocked(NotPresent)
            : entry.HasReserved(IsExtended) ? MessageOutcome.Blocked(ReservedEntry)
            : !entry.Admits(requester) ? MessageOutcome.Blocked(WrongSource)
            : X86Message.Deliver(entry.Destination(IsExtended), entry.IsLogical, entry.DeliveryMode, entry.Vector);
    }

    internal VtdEntry Read(int index) => new(table.Read(2 * index), table.Read((2 * index) + 1));

    /// <summary>The write that changes what an entry delivers to, for whoever reaches the table.</summary>
    internal TableWrite WriteOf(int index, ulong low) => new(table.Address + (ulong)(index * VtdEntry.Length), low);

    /// <summary>Writes an entry; the half that makes it present goes last when it comes and first when it goes.</summary>
    internal void Write(int index, VtdEntry entry)
    {
        table.Write(2 * index, 0);
        table.Write((2 * index) + 1, entry.High);
        table.Write(2 * index, entry.Low);
    }
}
