using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>A host bridge and what is on its root bus.</summary>
/// <param name="Segment">The segment of its buses. Two host bridges may share one; their buses must not meet.</param>
/// <param name="RootBus">The number of its root bus.</param>
public sealed record HostBridgePlan(uint Segment = 0, byte RootBus = 0)
{
    /// <summary>What is on the root bus.</summary>
    public ImmutableArray<SlotPlan> Slots { get; init; } = [];
}
