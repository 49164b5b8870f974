using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Units.Amd;

/// <summary>
/// The host's side of AMD-Vi, as Linux has it (drivers/iommu/amd/iommu.c): an interrupt table a function, to which the device table entries of all IDs
/// that its messages may bear lead; functions that share such an ID share the table. A message is an index into it.
/// </summary>
internal sealed class AmdViDomain : MsiDomain
{
    private const ulong LogicalDestination = 1 << 2;

    // IOAPIC_SB_DEVID: the southbridge's IO-APIC sends with this ID, and has the first entries of its table, one a pin.
    private const int IoApicEntries = 32;
    private static readonly RequesterId IoApic = new(0x14 << 3);

    private readonly AmdViUnit unit;
    private readonly X86Vectors vectors;
    private readonly bool remaps;
    private readonly NumberSpace slots;
    private readonly Dictionary<RequesterId, AmdViTable> tables = [];

    /// <summary>Fills the device table and turns the IOMMU on.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="vectors">The host's vectors.</param>
    /// <param name="remaps">Whether interrupts are remapped; <c>intremap=off</c> says not to, and leaves a unit that only could.</param>
    /// <param name="format">How entries of interrupt tables are laid out; Linux takes the widest that the hardware has.</param>
    public AmdViDomain(AmdViUnit unit, X86Vectors vectors, bool remaps = true, AmdViFormat format = AmdViFormat.X2Apic)
    {
        this.unit = unit;
        this.vectors = vectors;
        this.remaps = remaps;
        slots = new NumberSpace(0, unit.Tables);
        unit.HasWideEntries = format != AmdViFormat.Basic;
        unit.IsExtended = format == AmdViFormat.X2Apic;

        // init_device_table(): where interrupts are remapped, an ID that has no table yet has no messages either.
        for (int i = 0; i < AmdViUnit.Devices; i++)
        {
            unit.Write(new RequesterId((ushort)i), remaps ? AmdViDeviceEntry.Closed : AmdViDeviceEntry.Open);
        }

        unit.IsEnabled = true;
    }

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags => remaps ? PciBusFlags.MsiIsolated : PciBusFlags.None;

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        if (vectors.Take(count) is not { } first)
        {
            return null;
        }

        HostInterrupt[] interrupts = [.. Enumerable.Range(0, count).Select(i => first with { Vector = first.Vector + (uint)i })];
        if (!remaps)
        {
            return new MessageBlock(source, X86Message.AddressOf(first.Processor), first.Vector, [.. interrupts], Entry: -1);
        }

        AmdViTable? table = Find(source) ?? Make(source);
        int index = table?.Entries.Take(count) ?? -1;
        if (table is null || index < 0)
        {
            vectors.Return(first, count);
            DropIfUnused(table);
            return null;
        }

        ulong address = unit.AddressOf(table.Slot);
        for (int i = 0; i < count; i++)
        {
            unit.Write(address, index + i, AmdViEntry.To(interrupts[i].Processor, interrupts[i].Vector, unit.Format));
        }

        foreach (RequesterId id in source.Ids.Distinct())
        {
            Point(id, table);
        }

        return new MessageBlock(source, X86Message.Window, (uint)index, [.. interrupts], index);
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block)
    {
        if (remaps)
        {
            AmdViTable table = TableOf(block);
            for (int i = 0; i < block.Interrupts.Length; i++)
            {
                unit.Write(unit.AddressOf(table.Slot), block.Entry + i, new AmdViEntry(0, 0, unit.Format));
            }

            table.Entries.Return(block.Entry, block.Interrupts.Length);
            foreach (RequesterId id in block.Source.Ids.Distinct())
            {
                Unpoint(id, table);
            }

            DropIfUnused(table);
        }

        vectors.Return(block.Interrupts[0], block.Interrupts.Length);
    }

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        foreach ((HostInterrupt interrupt, int i) in victim.Interrupts.Select((interrupt, i) => (interrupt, i)))
        {
            if (remaps)
            {
                uint index = victim.Data + (uint)i;
                yield return new(victim.Address, index);
                yield return new(victim.Address | LogicalDestination, index);
                yield return AmdViMessage.Parse(victim.Address, index).InInterruptRange;
            }

            // For where a device table entry lets messages pass.
            ulong address = X86Message.AddressOf(interrupt.Processor);
            yield return new(address, interrupt.Vector);
            yield return AmdViMessage.Parse(address, interrupt.Vector).InInterruptRange;
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim) =>
        remaps && unit.Read(unit.AddressOf(TableOf(victim).Slot), victim.Entry) is { } entry
            ? unit.WritesOf(unit.AddressOf(TableOf(own).Slot), own.Entry, entry)
            : [];

    private AmdViTable TableOf(MessageBlock block) => tables[block.Source.Address.RequesterId];

    private AmdViTable? Find(MessageSource source) => source.Ids.Select(id => tables.GetValueOrDefault(id)).FirstOrDefault(table => table is not null);

    private AmdViTable? Make(MessageSource source)
    {
        int slot = slots.Take(1);
        if (slot < 0)
        {
            return null;
        }

        unit.Clear(unit.AddressOf(slot));
        int reserved = source.Ids.Contains(IoApic) ? IoApicEntries : 0;
        return new AmdViTable(slot, new NumberSpace(reserved, (1 << AmdViUnit.TableLength) - reserved));
    }

    private void Point(RequesterId id, AmdViTable table)
    {
        table.Users[id] = table.Users.GetValueOrDefault(id) + 1;
        tables[id] = table;
        unit.Write(id, AmdViDeviceEntry.To(unit.AddressOf(table.Slot), AmdViUnit.TableLength));
    }

    // Linux keeps a table for good. Here buses come and go, and an ID that comes again may be somebody else's.
    private void Unpoint(RequesterId id, AmdViTable table)
    {
        table.Users[id]--;
        if (table.Users[id] == 0)
        {
            unit.Write(id, AmdViDeviceEntry.Closed);
            table.Users.Remove(id);
            tables.Remove(id);
        }
    }

    private void DropIfUnused(AmdViTable? table)
    {
        if (table is { Users.Count: 0 })
        {
            slots.Return(table.Slot, 1);
        }
    }
}
