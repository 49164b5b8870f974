using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// The host bridge of POWER9 and POWER10, PHB4 and PHB5, with the part of XIVE's tables that is about its sources: owners are kept on the chip, and
/// what a source becomes in memory.
/// </summary>
public sealed class Ioda3Unit : IodaUnit
{
    private const int PeCount = 512;

    private readonly ulong[] owners;
    private readonly BigEndianTable assignments;

    /// <summary>Makes a bridge as it is after reset: it takes no messages and knows no requester.</summary>
    /// <param name="memory">Where the tables in memory are set aside.</param>
    /// <param name="pes">How many PEs it has, with eight sources for each: 512, or 256 on the smaller ones of a chip.</param>
    internal Ioda3Unit(HostMemory memory, int pes = PeCount) : base(memory, pes, IodaFaults.Phb4)
    {
        owners = new ulong[Sources / MistEntry.InWord];
        assignments = new BigEndianTable(memory.Allocate("XIVE event assignments of a PHB4", Sources * sizeof(ulong)));
    }

    /// <inheritdoc/>
    public override string Name => "IODA3 (PHB4)";

    internal MistEntry ReadOwner(int source) => new((ushort)(Volatile.Read(ref owners[source / MistEntry.InWord]) >> ShiftOf(source)));

    internal void WriteOwner(int source, MistEntry entry)
    {
        ref ulong word = ref owners[source / MistEntry.InWord];
        Volatile.Write(ref word, (word & ~((ulong)ushort.MaxValue << ShiftOf(source))) | ((ulong)entry.Value << ShiftOf(source)));
    }

    internal EventAssignment ReadAssignment(int source) => new(assignments.Read(source));

    internal void WriteAssignment(int source, EventAssignment assignment) => assignments.Write(source, assignment.Value);

    /// <summary>The write that changes what a source becomes, for whoever reaches the table.</summary>
    internal TableWrite WriteOf(int source, EventAssignment assignment) => assignments.WriteOf(source, assignment.Value);

    private protected override UnitCondition ExamineSources()
    {
        Dictionary<HostInterrupt, int> takers = [];
        for (int source = 0; source < MessageSources; source++)
        {
            if (ReadAssignment(source) is { IsActive: true, Interrupt: var interrupt } && !takers.TryAdd(interrupt, source)
                && takers[interrupt] is var other && ReadOwner(other).Pe != ReadOwner(source).Pe)
            {
                return new(false, $"the event assignments of sources {other} and {source} are one interrupt, and the MIST has them in PEs "
                    + $"{ReadOwner(other).Pe} and {ReadOwner(source).Pe}");
            }
        }

        return new(true, "each source belongs to one PE by the MIST, and the bridge blocks it for requesters that the RTT has in another");
    }

    private protected override MessageOutcome Signal(int pe, int source)
    {
        MistEntry owner = ReadOwner(source);
        if (owner.Pe != pe)
        {
            return Mismatch();
        }

        if (!owner.IsReady)
        {
            return MessageOutcome.Blocked(IodaFaults.Masked);
        }

        EventAssignment assignment = ReadAssignment(source);
        return assignment.IsActive ? MessageOutcome.Delivered(assignment.Interrupt) : MessageOutcome.Blocked(IodaFaults.Unassigned);
    }

    private static int ShiftOf(int source) => (MistEntry.InWord - 1 - (source % MistEntry.InWord)) * 16;
}
