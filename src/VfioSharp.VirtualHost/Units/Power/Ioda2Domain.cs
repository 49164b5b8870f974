using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>The host's side of PHB3.</summary>
internal sealed class Ioda2Domain : IodaDomain
{
    private const byte Priority = 5; // the one that Linux gives all (DEFAULT_PRIORITY in asm/xics.h)

    private readonly Ioda2Unit unit;

    /// <inheritdoc cref="IodaDomain(IodaUnit, int)"/>
    public Ioda2Domain(Ioda2Unit unit, int servers) : base(unit, servers)
    {
        this.unit = unit;
        for (int source = 0; source < unit.Sources; source++)
        {
            unit.Write(source, IvtEntry.To(0, IvtEntry.Masked, 0));
        }

        unit.HasVectorTable = true;
    }

    /// <inheritdoc/>
    /// <remarks>
    /// An interrupt's number is the place of its entry, so nothing in memory makes one message another. But a function whose requester is put into the
    /// victim's PE may send the victim's.
    /// </remarks>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim) => [unit.MapOf(own.Source.SeenAs, victim.Source.Group)];

    private protected override void Program(int source, int pe, HostInterrupt interrupt) =>
        unit.Write(source, IvtEntry.To(interrupt.Processor, Priority, pe));

    private protected override void Mask(int source) => unit.Write(source, IvtEntry.To(0, IvtEntry.Masked, unit.Read(source).Pe));
}
