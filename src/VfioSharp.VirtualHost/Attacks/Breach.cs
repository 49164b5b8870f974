using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Attacks;

/// <summary>An interrupt that a function raised although the host had given it to a function outside the first one's IOMMU group.</summary>
/// <param name="Attacker">Who raised it.</param>
/// <param name="Way">How.</param>
/// <param name="Address">Where the message that raised it was written to.</param>
/// <param name="Data">What was written.</param>
/// <param name="Victim">Whose interrupt it is.</param>
/// <param name="Vector">Which of that function's vectors.</param>
/// <param name="Interrupt">What the processor took.</param>
public sealed record Breach(PciAddress Attacker, AttackWay Way, ulong Address, uint Data, PciAddress Victim, int Vector, HostInterrupt Interrupt);
