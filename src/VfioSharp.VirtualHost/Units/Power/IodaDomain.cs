using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Units.Power;

/// <summary>
/// The host's side of an IODA bridge, as skiboot and Linux have it together (hw/phb3.c, hw/phb4.c; arch/powerpc/platforms/powernv/pci-ioda.c): it puts
/// requesters into PEs and gives PEs sources.
/// </summary>
/// <remarks>
/// A requester's PE is the group of its <see cref="MessageSource"/>. It is in it as long as a function with that ID is admitted or has messages, and
/// before and after in the last PE, which owns nothing.
/// </remarks>
internal abstract class IodaDomain : MsiDomain
{
    private readonly IodaUnit unit;
    private readonly uint servers;
    private readonly NumberSpace sources;
    private readonly Dictionary<RequesterId, int> usesOf = [];
    private uint next;

    /// <summary>Brings the bridge up: all requesters in the reserved PE, all sources masked, messages taken.</summary>
    /// <param name="unit">The hardware.</param>
    /// <param name="servers">How many processors the host has.</param>
    private protected IodaDomain(IodaUnit unit, int servers)
    {
        this.unit = unit;
        this.servers = (uint)servers;
        sources = new NumberSpace(0, unit.MessageSources);
        for (int id = 0; id <= ushort.MaxValue; id++)
        {
            unit.Map(new RequesterId((ushort)id), ReservedPe);
        }

        unit.HasRequesterTable = true;
        unit.FreezesOnMismatch = true;
        unit.Takes32BitMessages = true;
        unit.Takes64BitMessages = true;
    }

    /// <inheritdoc/>
    public sealed override IsolationUnit Unit => unit;

    /// <inheritdoc/>
    /// <remarks>The bridge checks whatever the host sets up; this is the flag that the host bridge of PowerNV gives its buses.</remarks>
    public sealed override PciBusFlags RootBusFlags => PciBusFlags.MsiIsolated;

    private int ReservedPe => unit.Pes - 1;

    /// <inheritdoc/>
    public sealed override void Admit(MessageSource source)
    {
        if (IsPe(source.Group))
        {
            Enter(source);
        }
    }

    /// <inheritdoc/>
    public sealed override void Dismiss(MessageSource source)
    {
        if (IsPe(source.Group))
        {
            Leave(source);
        }
    }

    /// <inheritdoc/>
    public sealed override MessageBlock? Allocate(MessageSource source, int count)
    {
        // No PE, no messages (__pnv_pci_ioda_msi_setup). All of a block are written to one address, so there cannot be more.
        if (!IsPe(source.Group) || count > IodaMessage.SourcesAtAddress)
        {
            return null;
        }

        int first = sources.Take(count);
        if (first < 0)
        {
            return null;
        }

        Enter(source);
        var interrupts = new HostInterrupt[count];
        for (int i = 0; i < count; i++)
        {
            interrupts[i] = new HostInterrupt(next, unit.FirstInterrupt + (uint)(first + i));
            next = (next + 1) % servers;
            Program(first + i, source.Group, interrupts[i]);
        }

        return new MessageBlock(source, IodaMessage.Address64(first), IodaMessage.DataOf(first), [.. interrupts], first);
    }

    /// <inheritdoc/>
    public sealed override void Free(MessageBlock block)
    {
        for (int i = 0; i < block.Interrupts.Length; i++)
        {
            Mask(block.Entry + i);
        }

        sources.Return(block.Entry, block.Interrupts.Length);
        Leave(block.Source);
    }

    /// <inheritdoc/>
    /// <remarks>Its PE, that is, as EEH does in Linux once it has reset what is in it.</remarks>
    public sealed override void Recover(MessageSource source)
    {
        if (unit.PeOf(source.SeenAs) is var pe && pe < unit.Pes)
        {
            unit.States.Clear(pe);
        }
    }

    /// <inheritdoc/>
    public sealed override IEnumerable<InterruptMessage> Forge(MessageBlock victim)
    {
        for (int i = 0; i < victim.Interrupts.Length; i++)
        {
            int source = victim.Entry + i;
            ulong inAddressAlone = (ulong)(uint)source << 4;
            yield return new(IodaMessage.Address64(source), IodaMessage.DataOf(source));
            yield return new(IodaMessage.Address64(0) | inAddressAlone, 0);
            yield return new(IodaMessage.Address32(source), IodaMessage.DataOf(source));
            yield return new(IodaMessage.Address32(0) | inAddressAlone, 0);
        }
    }

    /// <summary>Gives a source to a PE and says what it becomes.</summary>
    private protected abstract void Program(int source, int pe, HostInterrupt interrupt);

    /// <summary>Masks a source. It keeps its owner until it is given to another.</summary>
    private protected abstract void Mask(int source);

    private bool IsPe(int group) => group >= 0 && group < ReservedPe;

    private void Enter(MessageSource source)
    {
        foreach (RequesterId id in source.Ids)
        {
            usesOf[id] = usesOf.GetValueOrDefault(id) + 1;
            unit.Map(id, source.Group);
        }
    }

    private void Leave(MessageSource source)
    {
        foreach (RequesterId id in source.Ids)
        {
            if (--usesOf[id] == 0)
            {
                usesOf.Remove(id);
                unit.Map(id, ReservedPe);
            }
        }
    }
}
