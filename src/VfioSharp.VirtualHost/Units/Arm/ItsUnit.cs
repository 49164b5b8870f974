using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// A GICv3 Interrupt Translation Service (Arm IHI 0069, 5.2): what is written to GITS_TRANSLATER is an EventID, and the DeviceID, which travels beside
/// the write and is no matter of the writer's, selects the table in which it is looked up. All that is not mapped is discarded.
/// </summary>
/// <remarks>
/// The tables are flat (GITS_BASER.Indirect 0). Left out is what comes behind the translation: an LPI that its configuration table disables.
/// Messages of PCI have 32 bits; the architecture also lets other devices write 16.
/// </remarks>
public sealed class ItsUnit : IsolationUnit
{
    /// <summary>The lowest LPI (IHI 0069, 2.2).</summary>
    internal const int FirstLpi = 8192;

    /// <summary>How many bits an INTID has (GICD_TYPER.IDbits, which holds one less).</summary>
    internal const int IntidBits = 16;

    // The error encodings of the command that has the same effect as a write: INT (5.5).
    private const int IntErrors = 0x01_0300;

    private static readonly MessageFault Disabled = new("GITS_CTLR.Enabled is 0");
    private static readonly MessageFault DeviceOutOfRange = new("the DeviceID is out of range", IntErrors | (int)ItsError.DeviceOutOfRange);
    private static readonly MessageFault UnmappedDevice = new("the DeviceID is not mapped", IntErrors | (int)ItsError.UnmappedDevice);
    private static readonly MessageFault EventOutOfRange = new("the EventID is out of the device's range", IntErrors | (int)ItsError.EventOutOfRange);
    private static readonly MessageFault TableNotThere = new("the device's translation table lies in no memory");
    private static readonly MessageFault UnmappedInterrupt = new("the EventID is not mapped", IntErrors | (int)ItsError.UnmappedInterrupt);
    private static readonly MessageFault NoLpi = new("the INTID is no LPI");
    private static readonly MessageFault UnmappedCollection = new("the collection is not mapped", IntErrors | (int)ItsError.UnmappedCollection);

    private readonly HostMemory memory;
    private readonly uint deviceIdBase;
    private readonly HostTable devices;
    private readonly HostTable collections;

    /// <summary>Makes a unit with its tables, nothing mapped, not enabled, as after reset.</summary>
    /// <param name="memory">Where the tables are set aside.</param>
    /// <param name="deviceIdBase">What firmware adds to a requester ID below the host bridge to make a DeviceID of it (msi-map, IORT).</param>
    /// <param name="deviceBits">How many bits a DeviceID has.</param>
    /// <param name="eventBits">How many bits an EventID has at most.</param>
    /// <param name="events">How many events the translation tables of all devices have room for; each takes room for 32 at least.</param>
    /// <param name="hasPreIts">Whether a pre-ITS stands before it: see <see cref="HasPreIts"/>.</param>
    internal ItsUnit(HostMemory memory, uint deviceIdBase = 0, int deviceBits = 16, int eventBits = 12, int events = 1 << 17, bool hasPreIts = false)
    {
        this.memory = memory;
        this.deviceIdBase = deviceIdBase;
        DeviceBits = deviceBits;
        EventBits = eventBits;
        HasPreIts = hasPreIts;
        devices = memory.Allocate("ITS device table", ItsDeviceEntry.Length << deviceBits);
        collections = memory.Allocate("ITS collection table", 4096);
        TranslationTables = memory.Allocate("ITS interrupt translation tables", events * ItsTranslationEntry.Length);
    }

    /// <inheritdoc/>
    public override string Name => HasPreIts ? "GICv3 ITS behind a pre-ITS" : "GICv3 ITS";

    /// <summary>Whether it translates (GITS_CTLR.Enabled); else every write is ignored.</summary>
    public bool IsEnabled { get; internal set; }

    /// <summary>
    /// Whether the DeviceID is taken from the address: a pre-ITS, as Socionext's SynQuacer and TI's K3 have it, makes writes to GITS_TRANSLATER of those
    /// to a window, with bits of the window's offset from bit 2 on as DeviceID. Who writes is lost on the way.
    /// </summary>
    public bool HasPreIts { get; }

    /// <summary>How many bits a DeviceID has (GITS_TYPER.Devbits, which holds one less).</summary>
    public int DeviceBits { get; }

    /// <summary>How many bits an EventID has at most (GITS_TYPER.ID_bits, which holds one less).</summary>
    public int EventBits { get; }

    internal int Collections => collections.Length / ItsCollectionEntry.Length;

    /// <summary>The memory that software takes translation tables from.</summary>
    internal HostTable TranslationTables { get; }

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) => ArmDoorbell.IsMessage(address);

    /// <inheritdoc/>
    public override UnitCondition Examine()
    {
        if (!IsEnabled)
        {
            return new(true, "nothing is translated (GITS_CTLR.Enabled is 0)");
        }

        if (HasPreIts)
        {
            return new(false, "the pre-ITS takes the DeviceID from the address that is written to: any function can name another's");
        }

        Dictionary<uint, uint> owners = [];
        for (uint device = 0; device < 1u << DeviceBits; device++)
        {
            ItsDeviceEntry entry = Device(device);
            for (ulong eventId = 0; entry.IsValid && eventId < 1UL << entry.EventBits; eventId++)
            {
                MessageOutcome outcome = Translate(device, (uint)eventId);
                if (outcome.Fault == TableNotThere)
                {
                    break;
                }

                uint intid = outcome.Interrupt.Vector;
                if (outcome.IsDelivered && !owners.TryAdd(intid, device) && owners[intid] != device)
                {
                    return new(false, $"the tables of DeviceIDs 0x{owners[intid]:x} and 0x{device:x} both lead to INTID {intid}");
                }
            }
        }

        return new(true, "a DeviceID cannot be forged, and the tables of no two DeviceIDs lead to the same INTID");
    }

    /// <summary>The DeviceID that travels beside a function's writes.</summary>
    internal uint DeviceIdOf(RequesterId requester) => deviceIdBase + requester.Value;

    internal ItsDeviceEntry Device(uint device) => new(devices.Read((int)device));

    /// <inheritdoc/>
    internal override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (!IsEnabled)
        {
            return MessageOutcome.Blocked(Disabled);
        }

        if (HasPreIts)
        {
            return Translate((uint)(address - ArmDoorbell.Window) >> 2, data);
        }

        return ArmDoorbell.Check(address) is { } fault ? MessageOutcome.Blocked(fault) : Translate(DeviceIdOf(requester), data);
    }

    /// <summary>MAPD (this command and the next ones: 5.3): maps a device to its translation table, or unmaps it.</summary>
    /// <param name="device">The DeviceID.</param>
    /// <param name="tableAddress">A multiple of 256; ignored when it is unmapped.</param>
    /// <param name="eventBits">How many bits its EventIDs have; ignored when it is unmapped.</param>
    /// <param name="isValid">Whether it is mapped.</param>
    internal ItsError Mapd(uint device, ulong tableAddress, int eventBits, bool isValid)
    {
        ItsError error = device >> DeviceBits != 0 ? ItsError.DeviceOutOfRange
            : isValid && (eventBits < 1 || eventBits > EventBits) ? ItsError.IttSizeOutOfRange
            : ItsError.None;
        if (error == ItsError.None)
        {
            devices.Write((int)device, isValid ? ItsDeviceEntry.To(tableAddress, eventBits).Word : 0);
        }

        return error;
    }

    /// <summary>MAPC: maps a collection to a processor, or unmaps it.</summary>
    internal ItsError Mapc(int collection, int processor, bool isValid)
    {
        if ((uint)collection >= (uint)Collections)
        {
            return ItsError.CollectionOutOfRange;
        }

        collections.Write(collection, isValid ? ItsCollectionEntry.To(processor).Word : 0);
        return ItsError.None;
    }

    /// <summary>MAPTI: maps an event of a device to an interrupt and a collection, which need not be mapped yet.</summary>
    internal ItsError Mapti(uint device, uint eventId, uint intid, int collection)
    {
        ItsError error = Find(device, eventId, out ulong at);
        error = error != ItsError.None ? error
            : (uint)collection >= (uint)Collections ? ItsError.CollectionOutOfRange
            : !IsLpi(intid) ? ItsError.IntidOutOfRange
            : ItsError.None;
        if (error == ItsError.None)
        {
            WriteTranslation(at, ItsTranslationEntry.To(intid, collection).Word);
        }

        return error;
    }

    /// <summary>DISCARD: unmaps an event of a device.</summary>
    internal ItsError Discard(uint device, uint eventId)
    {
        ItsError error = Find(device, eventId, out ulong at);
        error = error != ItsError.None ? error
            : TryReadTranslation(at, out ItsTranslationEntry entry) && entry.IsValid ? ItsError.None
            : ItsError.UnmappedInterrupt;
        if (error == ItsError.None)
        {
            WriteTranslation(at, 0);
        }

        return error;
    }

    private MessageOutcome Translate(uint device, uint eventId)
    {
        if (device >> DeviceBits != 0)
        {
            return MessageOutcome.Blocked(DeviceOutOfRange);
        }

        ItsDeviceEntry entry = Device(device);
        if (!entry.IsValid)
        {
            return MessageOutcome.Blocked(UnmappedDevice);
        }

        // Bits beyond those that are implemented may be ignored or be fatal to the write (GITS_TRANSLATER): here they are as any beyond the device's.
        if ((ulong)eventId >> entry.EventBits != 0)
        {
            return MessageOutcome.Blocked(EventOutOfRange);
        }

        if (!TryReadTranslation(entry.EntryAddress(eventId), out ItsTranslationEntry translation))
        {
            return MessageOutcome.Blocked(TableNotThere);
        }

        return !translation.IsValid ? MessageOutcome.Blocked(UnmappedInterrupt)
            : !IsLpi(translation.Intid) ? MessageOutcome.Blocked(NoLpi)
            : translation.Collection >= Collections || !new ItsCollectionEntry(collections.Read(translation.Collection)).IsValid
                ? MessageOutcome.Blocked(UnmappedCollection)
            : MessageOutcome.Delivered(new HostInterrupt(0, translation.Intid));
    }

    private ItsError Find(uint device, uint eventId, out ulong at)
    {
        at = 0;
        if (device >> DeviceBits != 0)
        {
            return ItsError.DeviceOutOfRange;
        }

        ItsDeviceEntry entry = Device(device);
        at = entry.EntryAddress(eventId);
        return !entry.IsValid ? ItsError.UnmappedDevice
            : (ulong)eventId >> entry.EventBits != 0 ? ItsError.EventOutOfRange
            : ItsError.None;
    }

    private static bool IsLpi(uint intid) => intid >= FirstLpi && intid >> IntidBits == 0;

    private bool TryReadTranslation(ulong at, out ItsTranslationEntry entry)
    {
        HostTable? table = TranslationTables.Holds(at, 1, out int index) ? TranslationTables : memory.Find(at, 1, out index);
        entry = new ItsTranslationEntry(table?.Read(index) ?? 0);
        return table is not null;
    }

    private void WriteTranslation(ulong at, ulong word)
    {
        // Elsewhere only after somebody has changed the device table behind the host's back.
        if (TranslationTables.Holds(at, 1, out int index))
        {
            TranslationTables.Write(index, word);
        }
    }
}
