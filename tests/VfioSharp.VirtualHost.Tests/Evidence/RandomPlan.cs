using System.Collections.Immutable;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>
/// Hosts as they come: ports, switches, conventional bridges, virtual functions, with and without ACS, held by anybody. Each host bridge has two functions
/// with drivers of the host's besides, for whoever shares a table with nobody can attack nobody.
/// </summary>
internal sealed class RandomPlan(FuzzRandom random)
{
    public const string Conventional = "conventional";
    public const string Express = "express";

    public HostPlan Make()
    {
        var bridges = new List<HostBridgePlan> { new(0, 0) { Slots = RootBus() } };
        if (random.OneIn(3))
        {
            bridges.Add(new HostBridgePlan(0, 0x80) { Slots = RootBus() });
        }

        if (random.OneIn(3))
        {
            bridges.Add(new HostBridgePlan((uint)random.Pick(1, 0x10, 0xFFFF)) { Slots = RootBus() });
        }

        return new HostPlan { HostBridges = [.. bridges] };
    }

    private ImmutableArray<SlotPlan> RootBus()
    {
        List<SlotPlan> slots = [new FunctionPlan(0x1D, 0, Express), new FunctionPlan(0x1E, 0, Express)];
        for (int device = 1; device <= 1 + random.Below(4); device++)
        {
            slots.AddRange(random.Below(5) switch
            {
                0 => Device(device, Express),
                1 => Device(device, Conventional),
                2 => [Bridge(BridgeKind.PciToPci, device, Conventionals())],
                _ => Ports(device),
            });
        }

        return [.. slots];
    }

    private IEnumerable<SlotPlan> Ports(int device) =>
        Enumerable.Range(0, 1 + random.Below(2)).Select(function => Bridge(BridgeKind.RootPort, device, Link(2)) with { Function = function });

    private ImmutableArray<SlotPlan> Link(int depth) => random.Below(4) switch
    {
        0 when depth > 0 => [Bridge(BridgeKind.UpstreamPort, 0,
            [.. Enumerable.Range(0, 1 + random.Below(3)).Select(device => Bridge(BridgeKind.DownstreamPort, device, Link(depth - 1)))])],
        1 => [Bridge(BridgeKind.PcieToPci, 0, Conventionals())],
        _ => [.. Device(0, Express)],
    };

    private ImmutableArray<SlotPlan> Conventionals() => [.. Enumerable.Range(1, 1 + random.Below(2)).SelectMany(device => Device(device, Conventional))];

    private IEnumerable<SlotPlan> Device(int device, string model)
    {
        int count = random.OneIn(3) ? 2 : 1;
        for (int function = 0; function < count; function++)
        {
            yield return new FunctionPlan(device, function, model)
            {
                HasAcs = random.OneIn(2),
                Driver = random.Pick(FunctionDriver.None, FunctionDriver.Native, FunctionDriver.VfioPci, FunctionDriver.VfioPci),
                VirtualFunctions = model == Express && count == 1 && random.OneIn(4) ? 1 + random.Below(3) : 0,
                VirtualOffsets = random.OneIn(2) ? ((ushort)0x80, (ushort)1) : ((ushort)0x100, (ushort)2),
                VirtualDriver = random.Pick(FunctionDriver.Native, FunctionDriver.VfioPci),
            };
        }
    }

    private BridgePlan Bridge(BridgeKind kind, int device, ImmutableArray<SlotPlan> behind) =>
        new(device, 0, kind) { HasAcs = !random.OneIn(3), Slots = behind };
}
