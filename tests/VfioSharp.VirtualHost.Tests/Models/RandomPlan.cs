using System.Collections.Immutable;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Tests.Models;

/// <summary>
/// Hosts as they come: ports with and without ACS, switches, devices of several functions, virtual functions, bridges to conventional buses and between
/// them, one host bridge or two. Below each there are two functions at least whose interrupts can be attacked from elsewhere.
/// </summary>
/// <param name="random">Makes the choices.</param>
/// <param name="hasBridges">Whether there are any but host bridges.</param>
internal sealed class RandomPlan(FuzzRandom random, bool hasBridges)
{
    // Each has eight vectors, and a GICv2m frame 64 of them.
    private int natives = 3;

    // Each takes 4 KiB of the 60 KiB of ports that there are, and so does each above it.
    private int conventional = 5;

    public static HostPlan Of(FuzzRandom random, HostBridgeKind platform) => new RandomPlan(random, platform != HostBridgeKind.S390).Make();

    private HostPlan Make()
    {
        var bridges = ImmutableArray.CreateBuilder<HostBridgePlan>();
        for (uint segment = 0; segment <= (random.OneIn(3) ? 1u : 0); segment++)
        {
            var slots = ImmutableArray.CreateBuilder<SlotPlan>();
            for (int device = 1 + random.Below(4); device > 0; device--)
            {
                slots.AddRange(OnRootBus(device));
            }

            foreach (int device in new[] { 30, 31 })
            {
                slots.Add(hasBridges ? Hosts.Port(device, Hosts.Function(0)) : Hosts.Function(device));
            }

            bridges.Add(new HostBridgePlan(segment) { Slots = slots.ToImmutable() });
        }

        return new HostPlan { HostBridges = bridges.ToImmutable() };
    }

    private IEnumerable<SlotPlan> OnRootBus(int device) => (hasBridges ? random.Below(5) : 0) switch
    {
        0 => Device(device, "express"),
        1 => [Acs(Hosts.Port(device, [.. Device(0, "express")]))],
        2 => [Acs(Hosts.Port(device, Switch()))],
        3 when conventional-- > 0 => [Hosts.Port(device, Hosts.Bridge(BridgeKind.PcieToPci, 0, [.. Conventional(2)]))],
        _ => [Hosts.Port(device, WithVirtual())],
    };

    private BridgePlan Switch()
    {
        BridgePlan[] ports = [.. Enumerable.Range(0, 1 + random.Below(3)).Select(port => Acs(Hosts.Bridge(BridgeKind.DownstreamPort, port, [.. Device(0, "express")])))];
        return Hosts.Bridge(BridgeKind.UpstreamPort, 0, [.. ports]);
    }

    private IEnumerable<SlotPlan> Conventional(int depth)
    {
        for (int device = 0; device <= random.Below(3); device++)
        {
            if (depth > 0 && random.OneIn(4) && conventional-- > 0)
            {
                yield return Hosts.Bridge(BridgeKind.PciToPci, 10 + device, [.. Conventional(depth - 1)]);
            }

            foreach (FunctionPlan function in Device(device, "conventional"))
            {
                yield return function;
            }
        }
    }

    private FunctionPlan WithVirtual() => Hosts.Function(0) with
    {
        Driver = Driver(),
        VirtualFunctions = 1 + random.Below(4),
        VirtualDriver = Driver(FunctionDriver.VfioPci, FunctionDriver.None),
        VirtualOffsets = ((ushort)(1 + random.Below(300)), (ushort)(1 + random.Below(3))),
    };

    private FunctionPlan[] Device(int device, string model)
    {
        bool acs = !random.OneIn(2);
        return [.. Enumerable.Range(0, random.OneIn(3) ? 3 : 1).Select(function => Hosts.Function(device, function, model) with { Driver = Driver(), HasAcs = acs })];
    }

    private BridgePlan Acs(BridgePlan bridge) => bridge with { HasAcs = !random.OneIn(3) };

    private FunctionDriver Driver() => Driver(FunctionDriver.Native, FunctionDriver.VfioPci, FunctionDriver.None);

    private FunctionDriver Driver(params ReadOnlySpan<FunctionDriver> choices) =>
        random.Pick(choices) is var driver && driver == FunctionDriver.Native && natives-- <= 0 ? FunctionDriver.VfioPci : driver;
}
