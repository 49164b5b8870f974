using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>The host's side of PHB4 and PHB5.</summary>
internal sealed class Ioda3Domain : IodaDomain
{
    private readonly Ioda3Unit unit;

    /// <inheritdoc cref="IodaDomain(IodaUnit, int)"/>
    public Ioda3Domain(Ioda3Unit unit, int servers) : base(unit, servers)
    {
        this.unit = unit;
        for (int source = 0; source < unit.Sources; source++)
        {
            unit.WriteAssignment(source, EventAssignment.To(new HostInterrupt(0, unit.FirstInterrupt + (uint)source)).AsMasked());
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim) =>
        [unit.WriteOf(own.Entry, unit.ReadAssignment(victim.Entry))];

    private protected override void Program(int source, int pe, HostInterrupt interrupt)
    {
        unit.WriteOwner(source, MistEntry.For(pe));
        unit.WriteAssignment(source, EventAssignment.To(interrupt));
    }

    private protected override void Mask(int source)
    {
        unit.WriteAssignment(source, unit.ReadAssignment(source).AsMasked());
        unit.WriteOwner(source, unit.ReadOwner(source).AsOff());
    }
}
