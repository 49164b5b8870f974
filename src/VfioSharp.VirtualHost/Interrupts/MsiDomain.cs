using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Memory;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>
/// The host's side of an isolation unit, as an MSI domain of Linux is: it programs the unit's tables, and says what functions have to write. One a
/// host bridge. Not synchronized: the host is.
/// </summary>
internal abstract class MsiDomain
{
    /// <summary>The hardware.</summary>
    public abstract IsolationUnit Unit { get; }

    /// <summary>
    /// What a root bus below the host bridge is told when it is made: <see cref="PciBusFlags.MsiIsolated"/> only where every function that will ever be
    /// there is confined. Derived from what the host set up when it started, not from the unit's condition.
    /// </summary>
    public abstract PciBusFlags RootBusFlags { get; }

    /// <summary>Makes a function known that appeared, for hosts that prepare something before it wants messages. Nothing depends on it but that.</summary>
    /// <param name="source">The function.</param>
    public virtual void Admit(MessageSource source)
    {
    }

    /// <summary>Forgets a function that goes; it was admitted, and its messages were taken back.</summary>
    /// <param name="source">The function, as it was admitted.</param>
    public virtual void Dismiss(MessageSource source)
    {
    }

    /// <summary>Lets a function go on that the hardware has stopped for what it did, as is done when somebody else gets it.</summary>
    /// <param name="source">The function.</param>
    public virtual void Recover(MessageSource source)
    {
    }

    /// <summary>Gives a function messages.</summary>
    /// <param name="source">The function.</param>
    /// <param name="count">How many, a power of two; more than one for MSI alone.</param>
    /// <returns>The messages; null where the platform has none left.</returns>
    public abstract MessageBlock? Allocate(MessageSource source, int count);

    /// <summary>Takes messages back: written from now on, they become nothing that another function is ever given without being programmed anew.</summary>
    public abstract void Free(MessageBlock block);

    /// <summary>
    /// What a function that is after another's interrupts would write: the other's own messages, and every other form in which this platform knows them.
    /// </summary>
    /// <param name="victim">The other's messages.</param>
    public virtual IEnumerable<InterruptMessage> Forge(MessageBlock victim) => victim.Messages;

    /// <summary>
    /// What a function whose DMA nothing confines would write to the host's tables, so that its own first message raises another's first interrupt; empty
    /// where the platform has no tables, or none in memory.
    /// </summary>
    /// <param name="own">The function's own messages.</param>
    /// <param name="victim">The other's messages.</param>
    public virtual IEnumerable<TableWrite> Corrupt(MessageBlock own, MessageBlock victim) => [];
}
