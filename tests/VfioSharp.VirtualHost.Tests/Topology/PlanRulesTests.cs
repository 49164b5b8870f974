using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>Plans that no host can be made of: refused, with the place and the rule.</summary>
public class PlanRulesTests
{
    public static TheoryData<string, SlotPlan[]> Broken => new()
    {
        { "root bus 0000:00, 20.0 is no place: devices are 0 to 31", [Hosts.Function(32)] },
        { "root bus 0000:00, 00.8 is no place", [Hosts.Function(0, 8)] },
        { "root bus 0000:00, 01.0 is taken twice", [Hosts.Function(1), Hosts.Port(1)] },
        { "root bus 0000:00, 01.2 is never found: its device has no function 0", [Hosts.Function(1, 2)] },
        { "the bus behind root bus 0000:00, 01.0, 03.0 lies behind a link, where the only device is 0", [Hosts.Port(1, Hosts.Function(3))] },
        { "00.0 is a RootPort, which does not belong behind a RootPort", [Hosts.Port(1, Hosts.Port(0))] },
        { "01.0 is a UpstreamPort, which does not belong on a root bus", [Hosts.Bridge(BridgeKind.UpstreamPort, 1)] },
        { "00.0 is a DownstreamPort, which does not belong behind a RootPort", [Hosts.Port(1, Hosts.Bridge(BridgeKind.DownstreamPort, 0))] },
        { "00.0 is a PciToPci, which does not belong behind a RootPort", [Hosts.Port(1, Hosts.Bridge(BridgeKind.PciToPci, 0))] },
        { "00.0 lies inside a switch", [Hosts.Port(1, Hosts.Bridge(BridgeKind.UpstreamPort, 0, Hosts.Function(0)))] },
        { "01.0 has 257 virtual functions: 0 to 256 are possible", [Hosts.Function(1) with { VirtualFunctions = 257 }] },
        { "01.0 gives its virtual functions its own address", [Hosts.Function(1) with { VirtualFunctions = 2, VirtualOffsets = (1, 0) }] },
        { "0000:00:01.0 is conventional, and only PCI Express functions have virtual functions", [Hosts.Function(1, model: "conventional") with { VirtualFunctions = 1 }] },
        { "0000:01:00.0 lies behind a link, which a conventional function does not fit", [Hosts.Port(1, Hosts.Function(0, model: "conventional"))] },
        { "0000:01:01.0 is on a conventional bus, which a PCI Express function does not fit", [Hosts.Bridge(BridgeKind.PciToPci, 1, Hosts.Function(1))] },
        { "0000:00:02.0 is taken by a virtual function", [Hosts.Function(1) with { VirtualFunctions = 2, VirtualOffsets = (8, 8) }, Hosts.Function(2)] },
        { "segment 0000 has more buses than the 256", [.. Enumerable.Range(0, 256).Select(i => new BridgePlan(i / 8, i % 8, BridgeKind.RootPort))] },
    };

    [Theory, MemberData(nameof(Broken))]
    public void A_plan_that_breaks_a_rule_is_refused_by_name(string message, SlotPlan[] slots) =>
        Should.Throw<ArgumentException>(() => Hosts.Of(Hosts.Vtd, slots)).Message.ShouldContain(message);

    [Fact]
    public void A_host_has_a_host_bridge() =>
        Should.Throw<ArgumentException>(() => VirtualHost.Create(Hosts.Vtd, new HostPlan(), Hosts.Model)).Message.ShouldBe("the host has no host bridge");

    [Fact]
    public void A_root_bus_is_there_once() =>
        Should.Throw<ArgumentException>(() => VirtualHost.Create(Hosts.Vtd, new HostPlan { HostBridges = [new(2, 3), new(2, 3)] }, Hosts.Model)).Message.ShouldBe("root bus 0002:03 is there twice");

    [Fact]
    public void A_function_has_one_place()
    {
        PlainFunction model = PlainFunction.Express();
        Should.Throw<ArgumentException>(() => VirtualHost.Create(Hosts.Vtd, Hosts.Plan(Hosts.Function(1), Hosts.Function(2)), _ => model)).Message.ShouldContain("was given a function that has its place already");
    }

    [Theory]
    [InlineData(HostBridgeKind.None)]
    [InlineData((HostBridgeKind)99)]
    public void Switches_belong_to_their_platform(HostBridgeKind bridge)
    {
        Should.Throw<ArgumentException>(() => Hosts.Of(new VirtualHostOptions { Bridge = bridge, AdvertisedOnly = true }));
        Should.Throw<ArgumentException>(() => Hosts.Of(new VirtualHostOptions { Bridge = bridge, ChecksSources = false }));
        Should.Throw<ArgumentException>(() => Hosts.Of(new VirtualHostOptions { Bridge = bridge, Processors = 0 }));
    }
}
