using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Attacks;

/// <summary>What one function reached.</summary>
/// <param name="Attacker">The function.</param>
/// <param name="Group">Its IOMMU group; null where it is in none.</param>
/// <param name="Attempts">How many messages it tried.</param>
/// <param name="Blocked">How many were blocked.</param>
/// <param name="Own">How many raised interrupts of its own group, which it may.</param>
/// <param name="Unassigned">How many raised what the host gave to nobody.</param>
/// <param name="Breaches">How many raised interrupts of another group.</param>
/// <param name="Shown">The first of those.</param>
/// <param name="Victims">How many interrupts of others there were to be raised; where there were none, nothing was shown.</param>
public sealed record FunctionAttack(
    PciAddress Attacker, int? Group, long Attempts, long Blocked, long Own, long Unassigned, long Breaches, ImmutableArray<Breach> Shown, int Victims);
