using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>Consecutive messages that the host gave to a function, and the interrupts they become.</summary>
/// <param name="Source">The function.</param>
/// <param name="Address">Where all of them are written to.</param>
/// <param name="Data">What the first writes; each next writes one more, as MSI asks (PCIe 6.0, 6.1.4.5).</param>
/// <param name="Interrupts">What each becomes.</param>
/// <param name="Entry">Where the host keeps the first in its tables; of meaning to the domain alone.</param>
internal sealed record MessageBlock(MessageSource Source, ulong Address, uint Data, ImmutableArray<HostInterrupt> Interrupts, int Entry)
{
    /// <summary>The messages, in order.</summary>
    public IEnumerable<InterruptMessage> Messages => Enumerable.Range(0, Interrupts.Length).Select(i => new InterruptMessage(Address, Data + (uint)i));
}
