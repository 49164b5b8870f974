using System.Collections.Immutable;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>A bridge, and what is on the bus behind it.</summary>
/// <param name="Device">The device number, 0 to 31.</param>
/// <param name="Function">The function number, 0 to 7.</param>
/// <param name="Kind">What kind of bridge.</param>
public sealed record BridgePlan(int Device, int Function, BridgeKind Kind) : SlotPlan(Device, Function)
{
    /// <summary>What is behind it.</summary>
    public ImmutableArray<SlotPlan> Slots { get; init; } = [];
}
