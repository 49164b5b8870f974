using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// The interrupt side of a PowerNV host bridge that follows IODA, IBM's I/O design architecture. Nothing is remapped: each interrupt source belongs to
/// a partitionable endpoint (PE), each requester is in one, and a message for a source of another PE is blocked. That check is in the hardware and has
/// no switch, which is why buses below such a bridge are isolated without remapping.
/// </summary>
/// <remarks>
/// <para>
/// Modelled: the requester translation table (RTT), the owner of each source, the check, and the freeze of a PE that fails it, which blocks the
/// messages and the DMA of all its members until the host clears it. Sources deliver as long as the host has set neither P nor Q; the bridge never
/// sets them itself, as if each interrupt had ended before the next message comes.
/// </para>
/// <para>
/// Not modelled: other PEs that freeze along (PELT-V), the fence of the whole bridge that firmware asks for on misshapen messages, the caches in front
/// of the tables, interrupt pins, processors' accesses to a frozen PE.
/// </para>
/// </remarks>
public abstract class IodaUnit : IsolationUnit
{
    private const int PinSources = 8;
    private const int Requesters = 0x1_0000;
    private const int RequestersInWord = sizeof(ulong) / sizeof(ushort);

    private readonly BigEndianTable requesters;
    private readonly IodaFaults faults;
    private readonly int messageSources;

    private protected IodaUnit(HostMemory memory, int pes, IodaFaults faults)
    {
        this.faults = faults;
        Pes = pes;
        Sources = pes * 8;
        messageSources = Sources - PinSources;
        States = new PeStateTable(pes);
        requesters = new BigEndianTable(memory.Allocate("IODA requester translation table", Requesters * sizeof(ushort), Requesters * sizeof(ushort)));
    }

    /// <summary>Whether writes to the last 64 KiB below 4 GiB are messages (PHB_PHB3_CONFIG or PHB_PHB4_CONFIG, bit 8).</summary>
    public bool Takes32BitMessages { get; internal set; }

    /// <summary>Whether writes to addresses with bit 60 set, and none above it, are messages (the same register, bit 14).</summary>
    public bool Takes64BitMessages { get; internal set; }

    /// <summary>Whether it knows requesters at all (PHB_RTT_BAR, bit 0); else it blocks every message.</summary>
    public bool HasRequesterTable { get; internal set; }

    /// <summary>
    /// Whether a PE freezes when it sends a message for a source of another (on PHB4 bit 27 of PHB_RXE_ARB_ERR_FREEZE_ENABLE, on PHB3 a bit of
    /// PHB_INA_ERR_FREEZE_ENABLE). The message is blocked in any case.
    /// </summary>
    public bool FreezesOnMismatch { get; internal set; }

    /// <summary>The number of its first source among all of the machine's (on PHB3 the IRSN, on PHB4 PHB_INT_NOTIFY_INDEX).</summary>
    public uint FirstInterrupt { get; internal set; }

    /// <summary>How many PEs it tells apart.</summary>
    internal int Pes { get; }

    /// <summary>How many sources it has. The last eight are those of interrupt pins (PHB_LSI_SOURCE_ID), which no message can name.</summary>
    internal int Sources { get; }

    /// <summary>How many of them messages can name.</summary>
    internal int MessageSources => messageSources;

    /// <summary>Which PEs are frozen.</summary>
    internal PeStateTable States { get; }

    /// <inheritdoc/>
    public override bool IsMessage(ulong address) =>
        (Takes64BitMessages && IodaMessage.Is64Bit(address)) || (Takes32BitMessages && IodaMessage.Is32Bit(address));

    /// <inheritdoc/>
    public override UnitCondition Examine() => HasRequesterTable
        ? ExamineSources()
        : new(true, "the RTT is disabled (bit 0 of PHB_RTT_BAR is 0): the bridge knows nobody's PE and blocks every message");

    /// <inheritdoc/>
    internal sealed override MessageOutcome Filter(RequesterId requester, ulong address, uint data)
    {
        if (!HasRequesterTable)
        {
            return MessageOutcome.Blocked(faults.NoRequesterTable);
        }

        int pe = PeOf(requester);
        if (pe >= Pes)
        {
            return MessageOutcome.Blocked(faults.UnknownPe);
        }

        if (States.IsStopped(pe))
        {
            return MessageOutcome.Blocked(IodaFaults.Frozen);
        }

        int source = IodaMessage.SourceOf(address, data);
        return source < messageSources ? Signal(pe, source) : MessageOutcome.Blocked(IodaFaults.NoSource);
    }

    /// <inheritdoc/>
    internal override bool StopsDma(RequesterId requester) =>
        !HasRequesterTable || PeOf(requester) is var pe && (pe >= Pes || States.IsStopped(pe));

    /// <summary>The PE that a requester is in, by the RTT: an entry of two bytes for each of the 65,536 IDs.</summary>
    internal int PeOf(RequesterId requester) => (int)(requesters.Read(WordOf(requester)) >> ShiftOf(requester)) & ushort.MaxValue;

    /// <summary>Puts a requester into a PE.</summary>
    internal void Map(RequesterId requester, int pe) => requesters.Write(WordOf(requester), WithPe(requester, pe));

    /// <summary>The same, for whoever reaches the table.</summary>
    internal TableWrite MapOf(RequesterId requester, int pe) => requesters.WriteOf(WordOf(requester), WithPe(requester, pe));

    /// <summary>What becomes of a message of a PE that is not frozen, for a source that messages can name.</summary>
    private protected abstract MessageOutcome Signal(int pe, int source);

    /// <summary>Whether the owners of the sources confine messages, given that requesters are known.</summary>
    private protected abstract UnitCondition ExamineSources();

    /// <summary>The outcome where the check fails.</summary>
    private protected MessageOutcome Mismatch() => MessageOutcome.Blocked(faults.Mismatch);

    /// <inheritdoc/>
    private protected override void OnBlocked(in BlockedMessage message)
    {
        if (FreezesOnMismatch && ReferenceEquals(message.Fault, faults.Mismatch) && PeOf(message.Requester) is var pe && pe < Pes)
        {
            States.Freeze(pe, message);
        }
    }

    private static int WordOf(RequesterId requester) => requester.Value / RequestersInWord;

    // The lowest ID of a word comes first in memory, so it is the word's most significant part.
    private static int ShiftOf(RequesterId requester) => (RequestersInWord - 1 - (requester.Value % RequestersInWord)) * 16;

    private ulong WithPe(RequesterId requester, int pe)
    {
        int shift = ShiftOf(requester);
        return (requesters.Read(WordOf(requester)) & ~((ulong)ushort.MaxValue << shift)) | ((ulong)(ushort)pe << shift);
    }
}
