using System.Numerics;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>
/// The host's side of an ITS, as Linux has it (drivers/irqchip/irq-gic-v3-its.c, irq-gic-v3-its-pci-msi.c): a translation table a DeviceID, which all
/// functions share whose messages arrive under the same ID, and a collection a processor.
/// </summary>
internal sealed class ItsDomain : MsiDomain
{
    private const int EventsAPiece = ItsDeviceEntry.TableAlignment / ItsTranslationEntry.Length;

    private readonly ItsUnit unit;
    private readonly NumberSpace lpis;
    private readonly int processors;
    private readonly NumberSpace pieces;
    private readonly Dictionary<uint, ItsDevice> devices = [];
    private int next;

    /// <summary>Maps the collections and enables the ITS.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="lpis">The host's LPIs, which all its ITSs share: see <see cref="CreateLpis"/>.</param>
    /// <param name="processors">How many there are, at most 512.</param>
    public ItsDomain(ItsUnit unit, NumberSpace lpis, int processors)
    {
        ArgumentOutOfRangeException.ThrowIfNegativeOrZero(processors);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(processors, unit.Collections);
        this.unit = unit;
        this.lpis = lpis;
        this.processors = processors;
        pieces = new NumberSpace(0, unit.TranslationTables.Length / ItsDeviceEntry.TableAlignment);
        for (int processor = 0; processor < processors; processor++)
        {
            unit.Mapc(processor, processor, isValid: true);
        }

        unit.IsEnabled = true;
    }

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags => unit.HasPreIts ? PciBusFlags.None : PciBusFlags.MsiIsolated;

    /// <summary>The LPIs of a host with INTIDs of 16 bits, as Linux limits them to (ITS_MAX_LPI_NRBITS).</summary>
    public static NumberSpace CreateLpis() => new(ItsUnit.FirstLpi, (1 << ItsUnit.IntidBits) - ItsUnit.FirstLpi);

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        uint id = unit.DeviceIdOf(source.SeenAs);
        ItsDevice device = devices.GetValueOrDefault(id) ?? new ItsDevice(id, 1 << unit.EventBits);
        int eventId = device.Events.Take(count);
        if (eventId < 0)
        {
            return null;
        }

        int lpi = lpis.Take(count);
        if (lpi < 0 || !HasRoom(device, eventId + count))
        {
            device.Events.Return(eventId, count);
            if (lpi >= 0)
            {
                lpis.Return(lpi, count);
            }

            return null;
        }

        devices[id] = device;
        device.Taken += count;
        int collection = next;
        next = (next + 1) % processors;
        for (int i = 0; i < count; i++)
        {
            unit.Mapti(id, (uint)(eventId + i), (uint)(lpi + i), collection);
        }

        return new MessageBlock(
            source, AddressFor(id), (uint)eventId, [.. Enumerable.Range(lpi, count).Select(intid => new HostInterrupt(0, (uint)intid))], eventId);
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block)
    {
        ItsDevice device = devices[unit.DeviceIdOf(block.Source.SeenAs)];
        int count = block.Interrupts.Length;
        for (int i = 0; i < count; i++)
        {
            unit.Discard(device.Id, (uint)(block.Entry + i));
        }

        lpis.Return((int)block.Interrupts[0].Vector, count);
        device.Events.Return(block.Entry, count);
        device.Taken -= count;
        if (device.Taken == 0)
        {
            unit.Mapd(device.Id, 0, 0, isValid: false);
            GiveBack(device);
            devices.Remove(device.Id);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        foreach ((InterruptMessage message, HostInterrupt interrupt) in victim.Messages.Zip(victim.Interrupts))
        {
            yield return message;

            // The distributor and the redistributors have registers that take INTIDs, at the same offset (GICD_SETSPI_NSR, GICR_SETLPIR).
            yield return new(ArmDoorbell.Register, interrupt.Vector);
            yield return new(ArmDoorbell.Register + ArmDoorbell.PageLength, interrupt.Vector);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim)
    {
        HostTable tables = unit.TranslationTables;
        return tables.Holds(EntryAddress(victim), 1, out int index) ? [new TableWrite(EntryAddress(own), tables.Read(index))] : [];
    }

    // its_irq_get_msi_base_pre_its(): behind a pre-ITS the address tells who writes.
    private ulong AddressFor(uint device) => unit.HasPreIts ? ArmDoorbell.Window + ((ulong)device << 2) : ArmDoorbell.Register;

    private ulong EntryAddress(MessageBlock block) => unit.Device(unit.DeviceIdOf(block.Source.SeenAs)).EntryAddress((uint)block.Entry);

    // Linux knows how many vectors a device, and all others under its ID, can want when it makes the table (its_pci_msi_prepare()). Here the table is
    // replaced by one twice as long when they turn out to be more: the device table's entry changes at one stroke.
    private bool HasRoom(ItsDevice device, int events)
    {
        if (events <= device.Pieces * EventsAPiece)
        {
            return true;
        }

        int length = (int)BitOperations.RoundUpToPowerOf2((uint)(events + EventsAPiece - 1) / EventsAPiece);
        int piece = pieces.Take(length);
        if (piece < 0)
        {
            return false;
        }

        Fill(piece, length, device);
        ulong address = unit.TranslationTables.Address + (ulong)(piece * ItsDeviceEntry.TableAlignment);
        int eventBits = Math.Min(BitOperations.Log2((uint)(length * EventsAPiece)), unit.EventBits);
        if (unit.Mapd(device.Id, address, eventBits, isValid: true) != ItsError.None)
        {
            pieces.Return(piece, length);
            return false;
        }

        GiveBack(device);
        (device.Piece, device.Pieces) = (piece, length);
        return true;
    }

    // MAPD asks for a table that is all zero but for what it had before. Tables are emptied here and not when they are given back: a message may be under
    // way in the old one.
    private void Fill(int piece, int length, ItsDevice device)
    {
        int old = device.Pieces * EventsAPiece;
        for (int i = 0; i < length * EventsAPiece; i++)
        {
            ulong entry = i < old ? unit.TranslationTables.Read((device.Piece * EventsAPiece) + i) : 0;
            unit.TranslationTables.Write((piece * EventsAPiece) + i, entry);
        }
    }

    private void GiveBack(ItsDevice device)
    {
        if (device.Pieces > 0)
        {
            pieces.Return(device.Piece, device.Pieces);
        }
    }
}
