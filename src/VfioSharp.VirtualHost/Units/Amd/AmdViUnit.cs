using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// Interrupt remapping of AMD-Vi (AMD IOMMU specification 3.11, 2.2.2 and 2.2.5): the sender's ID selects a device table entry, that names an interrupt
/// table, and the message's data names an entry of it. So no message can name what is in another's table.
/// </summary>
/// <remarks>SMIs are the exception: no table governs them, and they pass from anybody unless the SMI filter is on. The host gives them to nobody.</remarks>
public sealed class AmdViUnit : IsolationUnit
{
    internal const int Devices = ushort.MaxValue + 1;

    /// <summary>The logarithm of how many entries each of the interrupt tables has room for, in any format.</summary>
    internal const int TableLength = 9;

    private const int WordsPerDevice = AmdViDeviceEntry.Length / sizeof(ulong);
    private const int TableBytes = 16 << TableLength;

    // Table 42: event codes; tables 43, 44, 46 and 50: what causes them.
    private static readonly MessageFault IllegalDevice = new("a reserved field of the device table entry is set", 0x1);
    private static readonly MessageFault BeyondTable = new("the index lies beyond the interrupt table", 0x2);
    private static readonly MessageFault NotRemapped = new("the entry is not enabled (RemapEn)", 0x2);
    private static readonly MessageFault ReservedEntry = new("a reserved field of the entry is set", 0x2);
    private static readonly MessageFault ReservedType = new("the entry's interrupt type is reserved", 0x2);
    private static readonly MessageFault NotPassed = new("the device table entry lets no interrupt of this type pass", 0x2);
    private static readonly MessageFault LogicalType = new("an interrupt of this type has no logical destination", 0x2);
    private static readonly MessageFault SmiFiltered = new("no SMI filter register names the source", 0x2);
    private static readonly MessageFault NoMemory = new("the interrupt table is not in memory", 0x4);
    private static readonly MessageFault Aborted = new("the device table entry aborts fixed and arbitrated interrupts (IntCtl)", 0x8);
    private static readonly MessageFault ReservedAddress = new("the interrupt address is reserved", 0x8);

    private readonly HostMemory memory;
    private readonly HostTable devices;
    private readonly HostTable pool;

    /// <summary>Makes a unit with its device table, which is full length, and room for interrupt tables; not enabled, as after reset.</summary>
    /// <param name="memory">Where the tables are set aside.</param>
    /// <param name="tables">How many interrupt tables there is room for: one a function, or one for all that share a requester ID.</param>
    internal AmdViUnit(HostMemory memory, int tables)
    {
        this.memory = memory;
        Tables = tables;
        devices = memory.Allocate("AMD-Vi device table", Devices * AmdViDeviceEntry.Length);
        pool = memory.Allocate("AMD-Vi interrupt remapping tables", tables * TableBytes);
    }

    /// <inheritdoc/>
    public override string Name => "AMD-Vi";

    /// <summary>Whether it does anything (Control.IommuEn); else every message is delivered as it is written.</summary>
    public bool IsEnabled { get; internal set; }

    /// <summary>Whether entries of interrupt tables have 128 bits rather than 32 (Control.GAEn).</summary>
    public bool HasWideEntries { get; internal set; }

    /// <summary>Whether entries of 128 bits name processors by 32-bit x2APIC IDs (Control.XTEn).</summary>
    public bool IsExtended { get; internal set; }

    /// <summary>Whether messages with a logical destination are looked up whatever their type, and so name 2,048 entries (Control.NumIntRemapMode).</summary>
    public bool RemapsAllTypes { get; internal set; }

    /// <summary>Whether SMIs are blocked (Control.SmiFEn); no filter register admits a source.</summary>
    public bool FiltersSmis { get; internal set; }

    internal int Tables { get; }

    internal AmdViFormat Format => !HasWideEntries ? AmdViFormat.Basic : IsExtended ? AmdViFormat.X2Apic : AmdViFormat.Wide;

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => AmdViMessage.IsMessage(address);

    /// <inheritdoc/>
    public override UnitCondition Examine()
    {
        if (!IsEnabled)
        {
            return new(false, "the IOMMU is not enabled (Control.IommuEn is 0): every message is delivered as it is written");
        }

        List<(ulong Start, ulong End, string Name)> tables = [(devices.Address, devices.Address + (ulong)devices.Length, "the device table")];
        for (int i = 0; i < Devices; i++)
        {
            var requester = new RequesterId((ushort)i);
            AmdViDeviceEntry device = Read(requester);
            if (WayAround(device) is { } way)
            {
                return new(false, $"the device table entry of {requester} {way}");
            }

            if (!device.IsIllegal && device.Control == AmdViInterruptControl.Remap)
            {
                tables.Add((device.Table, device.Table + (ulong)(device.TableEntries * AmdViEntry.LengthOf(Format)), $"the interrupt table of {requester}"));
            }
        }

        // An ID has the table of another on purpose where a bridge puts the one in the place of the other, which the unit cannot know. Tables that
        // overlap and are not the same have no such reason.
        tables.Sort();
        int shared = 0;
        for (int i = 1; i < tables.Count; i++)
        {
            if (tables[i].Start == tables[i - 1].Start && tables[i].End == tables[i - 1].End)
            {
                shared++;
            }
            else if (tables[i].Start < tables[i - 1].End)
            {
                return new(false, $"{tables[i].Name} overlaps {tables[i - 1].Name} (interrupt table root pointer)");
            }
        }

        return new(
            true,
            "every device table entry aborts messages or looks them up in an interrupt table (IV is 1, IntCtl is 00 or 10)"
            + (shared == 0 ? "" : $"; {shared} requester IDs have the table of another, from which the unit cannot tell them")
            + (FiltersSmis ? "" : "; SMIs pass (Control.SmiFEn is 0), which the host gives to nobody"));
    }

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (AmdViMessage.IsReserved(address))
        {
            return MessageOutcome.Blocked(ReservedAddress);
        }

        AmdViMessage message = AmdViMessage.Parse(address, data);
        if (!IsEnabled)
        {
            return message.Deliver();
        }

        if (message.IsSmi)
        {
            return FiltersSmis ? MessageOutcome.Blocked(SmiFiltered) : message.Deliver();
        }

        AmdViDeviceEntry device = Read(requester);
        if (!device.HasInterruptMap)
        {
            return message.Deliver();
        }

        if (device.IsIllegal)
        {
            return MessageOutcome.Blocked(IllegalDevice);
        }

        // Table 19: which types an interrupt table governs depends on the destination mode.
        bool isGoverned = message.Type <= 1 || (RemapsAllTypes && message.IsLogical && message.Type < 8);
        return isGoverned
            ? device.Control switch
            {
                AmdViInterruptControl.Abort => MessageOutcome.Blocked(Aborted),
                AmdViInterruptControl.Forward => message.Deliver(),
                _ => Remap(device, message.Index),
            }
            : message.IsLogical ? MessageOutcome.Blocked(LogicalType)
            : (device.Passes & message.PassedBy) != 0 ? message.Deliver()
            : MessageOutcome.Blocked(NotPassed);
    }

    /// <summary>Where one of the interrupt tables begins.</summary>
    internal ulong AddressOf(int table) => pool.Address + (ulong)(table * TableBytes);

    internal AmdViDeviceEntry Read(RequesterId requester)
    {
        int word = requester.Value * WordsPerDevice;
        return new(devices.Read(word), devices.Read(word + 2), devices.Read(word + 3));
    }

    /// <summary>Writes a device table entry; the interrupt map goes in one piece, as 2.2.2.2 asks.</summary>
    internal void Write(RequesterId requester, AmdViDeviceEntry device)
    {
        int word = requester.Value * WordsPerDevice;
        devices.Write(word, device.Low);
        devices.Write(word + 3, device.High);
        devices.Write(word + 2, device.Interrupts);
    }

    /// <summary>Reads an entry of an interrupt table, wherever in memory that is; null where nothing is.</summary>
    internal AmdViEntry? Read(ulong table, int index)
    {
        AmdViFormat format = Format;
        ulong address = table + (ulong)(index * AmdViEntry.LengthOf(format));
        if (format == AmdViFormat.Basic)
        {
            return ReadWord(address & ~7UL) is { } pair ? new AmdViEntry((address & 4) == 0 ? (uint)pair : pair >> 32, 0, format) : null;
        }

        return ReadWord(address) is { } low && ReadWord(address + 8) is { } high ? new AmdViEntry(low, high, format) : null;
    }

    /// <summary>The writes that put an entry into an interrupt table, for whoever reaches it; the half that enables it is the last.</summary>
    internal IEnumerable<TableWrite> WritesOf(ulong table, int index, AmdViEntry entry)
    {
        ulong address = table + (ulong)(index * AmdViEntry.LengthOf(entry.Format));
        if (entry.Format != AmdViFormat.Basic)
        {
            return [new(address + 8, entry.High), new(address, entry.Low)];
        }

        ulong pair = ReadWord(address & ~7UL) ?? 0;
        return [new(address & ~7UL, (address & 4) == 0 ? (pair & ~(ulong)uint.MaxValue) | entry.Low : (uint)pair | (entry.Low << 32))];
    }

    /// <summary>Writes an entry of one of the interrupt tables.</summary>
    internal void Write(ulong table, int index, AmdViEntry entry)
    {
        if (entry.Format != AmdViFormat.Basic)
        {
            // Not enabled while its halves do not fit together.
            pool.Write((int)((table - pool.Address) / 8) + (2 * index), 0);
        }

        foreach (TableWrite write in WritesOf(table, index, entry))
        {
            pool.Write((int)((write.Address - pool.Address) / 8), write.Value);
        }
    }

    /// <summary>Clears one of the interrupt tables.</summary>
    internal void Clear(ulong table)
    {
        int first = (int)((table - pool.Address) / 8);
        for (int i = 0; i < TableBytes / 8; i++)
        {
            pool.Write(first + i, 0);
        }
    }

    /// <summary>How a device table entry lets messages pass unmapped; null where it does not.</summary>
    private static string? WayAround(in AmdViDeviceEntry device) =>
        !device.HasInterruptMap ? "has no interrupt map (IV is 0): its messages pass unmapped"
        : device.IsIllegal ? null
        : device.Control == AmdViInterruptControl.Forward ? "forwards fixed and arbitrated interrupts unmapped (IntCtl is 01)"
        : device.Passes != AmdViPass.None ? $"lets other interrupts pass unmapped ({device.Passes})"
        : null;

    private MessageOutcome Remap(in AmdViDeviceEntry device, uint index)
    {
        if (index >= (uint)device.TableEntries)
        {
            return MessageOutcome.Blocked(BeyondTable);
        }

        return Read(device.Table, (int)index) is not { } entry ? MessageOutcome.Blocked(NoMemory)
            : !entry.IsRemapped ? MessageOutcome.Blocked(NotRemapped)
            : entry.HasReserved ? MessageOutcome.Blocked(ReservedEntry)
            : entry.HasReservedType ? MessageOutcome.Blocked(ReservedType)
            : X86Message.Deliver(entry.Destination, entry.IsLogical, entry.Type, entry.Vector);
    }

    private ulong? ReadWord(ulong address)
    {
        if (address - pool.Address < (ulong)pool.Length)
        {
            return pool.Read((int)((address - pool.Address) / 8));
        }

        // A pointer that the host did not write: hardware follows it to whatever is there.
        return memory.Find(address, 1, out int index)?.Read(index);
    }
}
