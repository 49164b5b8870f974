using System.Collections.Immutable;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Planning;

/// <summary>What a plan has to keep to, so that a host can be made of it. What depends on models is checked when they are placed.</summary>
internal static class PlanRules
{
    public const int MaxVirtualFunctions = 256;

    /// <summary>Checks a plan.</summary>
    /// <exception cref="ArgumentException">It breaks a rule; the message names the place and the rule.</exception>
    public static void Check(HostPlan plan)
    {
        ArgumentNullException.ThrowIfNull(plan);
        if (plan.HostBridges.IsDefaultOrEmpty)
        {
            throw Broken("the host", "has no host bridge");
        }

        if (plan.HostBridges.GroupBy(bridge => (bridge.Segment, bridge.RootBus)).FirstOrDefault(same => same.Count() > 1) is { Key: var key })
        {
            throw Broken($"root bus {key.Segment:x4}:{key.RootBus:x2}", "is there twice");
        }

        foreach (HostBridgePlan bridge in plan.HostBridges)
        {
            CheckBus(bridge.Slots, null, $"root bus {bridge.Segment:x4}:{bridge.RootBus:x2}");
        }
    }

    /// <summary>Checks that a function can be plugged into a bus.</summary>
    /// <exception cref="ArgumentException">It cannot; the message names the place and the rule.</exception>
    public static void CheckPlugging(HostBus bus, FunctionPlan plan)
    {
        string place = $"bus {bus}, {plan.Device:x2}.{plan.Function:x}";
        CheckPlace(plan, bus.Bridge?.Kind, place);
        CheckFunction(plan, bus.Bridge?.Kind, place);
        if (plan.Function != 0)
        {
            throw Broken(place, "cannot be plugged in: a device comes with its function 0");
        }

        if (bus.Functions.Any(function => function.Address.Bus == bus.Number && function.Address.Device == plan.Device))
        {
            throw Broken(place, "is taken");
        }
    }

    private static void CheckBus(ImmutableArray<SlotPlan> slots, BridgeKind? above, string bus)
    {
        if (slots.IsDefault)
        {
            throw Broken(bus, "was given no list of slots");
        }

        var taken = new HashSet<(int, int)>();
        foreach (SlotPlan slot in slots)
        {
            string place = $"{bus}, {slot.Device:x2}.{slot.Function:x}";
            CheckPlace(slot, above, place);
            if (!taken.Add((slot.Device, slot.Function)))
            {
                throw Broken(place, "is taken twice");
            }

            if (slot is BridgePlan bridge)
            {
                CheckBridge(bridge, above, place);
            }
            else if (slot is FunctionPlan function)
            {
                CheckFunction(function, above, place);
            }
        }

        if (slots.FirstOrDefault(slot => slot.Function != 0 && !taken.Contains((slot.Device, 0))) is { } orphan)
        {
            throw Broken($"{bus}, {orphan.Device:x2}.{orphan.Function:x}", "is never found: its device has no function 0");
        }
    }

    private static void CheckPlace(SlotPlan slot, BridgeKind? above, string place)
    {
        if (slot.Device is < 0 or > 31 || slot.Function is < 0 or > 7)
        {
            throw Broken(place, "is no place: devices are 0 to 31, functions 0 to 7");
        }

        // Behind a link there is one device (PCIe 6.0, 7.3.1).
        if (above is BridgeKind.RootPort or BridgeKind.DownstreamPort && slot.Device != 0)
        {
            throw Broken(place, "lies behind a link, where the only device is 0");
        }
    }

    private static void CheckBridge(BridgePlan bridge, BridgeKind? above, string place)
    {
        bool fits = bridge.Kind switch
        {
            BridgeKind.RootPort => above is null,
            BridgeKind.UpstreamPort => above is BridgeKind.RootPort or BridgeKind.DownstreamPort,
            BridgeKind.DownstreamPort => above is BridgeKind.UpstreamPort,
            BridgeKind.PcieToPci => above is null or BridgeKind.RootPort or BridgeKind.DownstreamPort,
            BridgeKind.PciToPci => above is null or BridgeKind.PcieToPci or BridgeKind.PciToPci,
            _ => false,
        };
        if (!fits)
        {
            throw Broken(place, $"is a {bridge.Kind}, which does not belong {(above is { } kind ? $"behind a {kind}" : "on a root bus")}");
        }

        CheckBus(bridge.Slots, bridge.Kind, $"the bus behind {place}");
    }

    private static void CheckFunction(FunctionPlan function, BridgeKind? above, string place)
    {
        if (above == BridgeKind.UpstreamPort)
        {
            throw Broken(place, "lies inside a switch, where only downstream ports are");
        }

        if (function.VirtualFunctions is < 0 or > MaxVirtualFunctions)
        {
            throw Broken(place, $"has {function.VirtualFunctions} virtual functions: 0 to {MaxVirtualFunctions} are possible");
        }

        if (function.VirtualFunctions > 0 && (function.VirtualOffsets.First == 0 || function.VirtualOffsets.Stride == 0))
        {
            throw Broken(place, "gives its virtual functions its own address: offset and stride are at least 1");
        }
    }

    /// <summary>What a broken rule throws.</summary>
    public static ArgumentException Broken(string place, string rule) => new($"{place} {rule}");
}
