using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Units.Intel;

/// <summary>The host's side of VT-d interrupt remapping, as Linux has it (drivers/iommu/intel/irq_remapping.c): an entry a vector.</summary>
internal sealed class VtdDomain : MsiDomain
{
    private const ulong RemappableFormat = 1 << 4;
    private const ulong SubhandleValid = 1 << 3;

    private readonly VtdUnit unit;
    private readonly X86Vectors vectors;
    private readonly NumberSpace entries;
    private readonly bool checksSources;

    /// <summary>Turns remapping on.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="vectors">The host's vectors.</param>
    /// <param name="checksSources">Whether entries are tied to sources; <c>intremap=nosid</c> says not to.</param>
    public VtdDomain(VtdUnit unit, X86Vectors vectors, bool checksSources = true)
    {
        this.unit = unit;
        this.vectors = vectors;
        this.checksSources = checksSources;
        entries = new NumberSpace(0, unit.Entries);
        unit.IsRemapping = true;
    }

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags =>
        checksSources && (unit.IsExtended || !unit.AllowsCompatibilityFormat) ? PciBusFlags.MsiIsolated : PciBusFlags.None;

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        if (vectors.Take(count) is not { } first)
        {
            return null;
        }

        int index = entries.Take(count);
        if (index < 0)
        {
            vectors.Return(first, count);
            return null;
        }

        HostInterrupt[] interrupts = [.. Enumerable.Range(0, count).Select(i => first with { Vector = first.Vector + (uint)i })];
        for (int i = 0; i < count; i++)
        {
            unit.Write(index + i, TieTo(source, VtdEntry.To(interrupts[i].Processor, interrupts[i].Vector, unit.IsExtended)));
        }

        return new MessageBlock(source, X86Message.Window | RemappableFormat | SubhandleValid | HandleBits(index), 0, [.. interrupts], index);
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block)
    {
        for (int i = 0; i < block.Interrupts.Length; i++)
        {
            unit.Write(block.Entry + i, default);
        }

        entries.Return(block.Entry, block.Interrupts.Length);
        vectors.Return(block.Interrupts[0], block.Interrupts.Length);
    }

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        foreach ((HostInterrupt interrupt, int i) in victim.Interrupts.Select((interrupt, i) => (interrupt, i)))
        {
            yield return new(victim.Address, (uint)i);
            yield return new(X86Message.Window | RemappableFormat | HandleBits(victim.Entry + i), 0);
            yield return new(X86Message.AddressOf(interrupt.Processor), interrupt.Vector);
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim) => [unit.WriteOf(own.Entry, unit.Read(victim.Entry).Low)];

    private static ulong HandleBits(int index) => (((ulong)index & 0x7FFF) << 5) | (((ulong)index & 0x8000) >> 13);

    // set_msi_sid(): behind a PCIe-to-PCI bridge, whose ID is of the bus behind it, only the buses can be told apart; behind a conventional bridge that
    // bridge's own ID arrives; else the function's.
    private VtdEntry TieTo(MessageSource source, VtdEntry entry) =>
        !checksSources ? entry
        : source.Aliases is not [.., var last] ? entry.OnlyFor(source.Address.RequesterId)
        : last.Id.Bus != last.BridgeBus ? entry.OnlyForBuses(last.Id.Bus, source.Address.Bus)
        : entry.OnlyFor(last.Id);
}
