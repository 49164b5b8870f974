using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Arm;

/// <summary>The host's side of a GICv2m frame, as Linux has it (drivers/irqchip/irq-gic-v2m.c): a message is an SPI's number.</summary>
/// <param name="unit">The frame, as a host bridge reaches it.</param>
/// <param name="spis">The frame's SPIs, which all host bridges share that reach it: see <see cref="CreateSpis"/>.</param>
internal sealed class V2mDomain(V2mUnit unit, NumberSpace spis) : MsiDomain
{
    // The same register with a bit set that it ignores.
    private const uint IgnoredBit = 1 << 10;

    /// <inheritdoc/>
    public override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    public override PciBusFlags RootBusFlags => PciBusFlags.None;

    /// <summary>All SPIs of a frame.</summary>
    public static NumberSpace CreateSpis(V2mUnit unit) => new(unit.FirstSpi, unit.SpiCount);

    /// <inheritdoc/>
    public override MessageBlock? Allocate(MessageSource source, int count)
    {
        int first = spis.Take(count);
        return first < 0
            ? null
            : new MessageBlock(
                source, ArmDoorbell.Register, (uint)first,
                [.. Enumerable.Range(first, count).Select(spi => new HostInterrupt(0, (uint)spi))], Entry: -1);
    }

    /// <inheritdoc/>
    public override void Free(MessageBlock block) => spis.Return((int)block.Data, block.Interrupts.Length);

    /// <inheritdoc/>
    public override IEnumerable<InterruptMessage> Forge(MessageBlock victim) =>
        victim.Messages.SelectMany(message => new[] { message, message with { Data = message.Data | IgnoredBit } });
}
