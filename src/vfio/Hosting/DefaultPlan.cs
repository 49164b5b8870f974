using VfioSharp.VirtualHost;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.Cli.Hosting;

/// <summary>
/// The host that is meant where nobody says which: two functions in users' hands, two in the host's own, and a device of two functions that are not
/// kept apart, so that they share a group. On s390x, whose firmware hides bridges, all stand side by side.
/// </summary>
internal static class DefaultPlan
{
    private static readonly FunctionPlan User = new(0, 0, "tally") { Driver = FunctionDriver.VfioPci };
    private static readonly FunctionPlan Own = new(0, 0, "tally") { Driver = FunctionDriver.Native };
    private static readonly FunctionPlan Test = new(0, 0, "endpoint-test") { Driver = FunctionDriver.VfioPci };

    public static HostPlan For(HostBridgeKind kind) => new()
    {
        HostBridges = kind == HostBridgeKind.S390
            ? [new HostBridgePlan { Slots = [User, Test with { Device = 1 }, Own with { Device = 2 }, Own with { Device = 3 }] }]
            : [new HostBridgePlan { Slots = [Port(1, User), Port(2, Test), Port(3, Own), Port(4, Own), Port(5, User with { HasAcs = false }, Test with { Function = 1, HasAcs = false })] }],
    };

    /// <summary>So many functions in users' hands and nothing else, each behind a port of its own where there can be ports.</summary>
    /// <param name="kind">The platform.</param>
    /// <param name="model">What they are, by name.</param>
    /// <param name="count">1 to 31.</param>
    public static HostPlan Of(HostBridgeKind kind, string model, int count)
    {
        FunctionPlan function = new(0, 0, model) { Driver = FunctionDriver.VfioPci };
        IEnumerable<SlotPlan> slots = kind == HostBridgeKind.S390
            ? Enumerable.Range(0, count).Select(device => function with { Device = device })
            : Enumerable.Range(1, count).Select(device => Port(device, function));
        return new HostPlan { HostBridges = [new HostBridgePlan { Slots = [.. slots] }] };
    }

    private static BridgePlan Port(int device, params ReadOnlySpan<SlotPlan> slots) => new(device, 0, BridgeKind.RootPort) { Slots = [.. slots] };
}
