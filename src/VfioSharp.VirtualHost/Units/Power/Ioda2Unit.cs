using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>The host bridge of POWER8, PHB3: a table in memory has each source's owner and server.</summary>
public sealed class Ioda2Unit : IodaUnit
{
    private const int PeCount = 256;

    private readonly BigEndianTable vectors;

    /// <summary>Makes a bridge as it is after reset: it takes no messages and has no tables.</summary>
    /// <param name="memory">Where the tables are set aside.</param>
    internal Ioda2Unit(HostMemory memory) : base(memory, PeCount, IodaFaults.Phb3) =>
        vectors = new BigEndianTable(memory.Allocate("PHB3 interrupt vector table", Sources * IvtEntry.Length, Sources * IvtEntry.Length));

    /// <inheritdoc/>
    public override string Name => "IODA2 (PHB3)";

    /// <summary>Whether it knows owners and servers of sources (PHB_IVT_BAR, bit 0); else it blocks every message.</summary>
    public bool HasVectorTable { get; internal set; }

    internal IvtEntry Read(int source) => new(vectors.Read(WordOf(source)));

    internal void Write(int source, IvtEntry entry) => vectors.Write(WordOf(source), entry.Value);

    private protected override UnitCondition ExamineSources() => HasVectorTable
        ? new(true, "each source belongs to one PE by its entry of the IVT, and the bridge blocks it for requesters that the RTT has in another")
        : new(true, "the IVT is disabled (bit 0 of PHB_IVT_BAR is 0): the bridge has no sources and blocks every message");

    private protected override MessageOutcome Signal(int pe, int source)
    {
        if (!HasVectorTable)
        {
            return MessageOutcome.Blocked(IodaFaults.NoVectorTable);
        }

        IvtEntry entry = Read(source);
        return entry.Pe != pe ? Mismatch()
            : !entry.IsReady ? MessageOutcome.Blocked(IodaFaults.Masked)
            : MessageOutcome.Delivered(new HostInterrupt(entry.Server, FirstInterrupt + (uint)source));
    }

    private static int WordOf(int source) => source * (IvtEntry.Length / sizeof(ulong));
}
