using System.Collections.Immutable;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>Plans in JSON.</summary>
public class HostPlanReaderTests
{
    [Fact]
    public void All_that_a_plan_has_is_read()
    {
        HostPlan plan = HostPlan.Parse("""
            {
              // Two host bridges.
              "hostBridges": [
                { "slots": [
                    { "at": "01.0", "bridge": "rootPort", "acs": false, "slots": [
                        { "at": "00.0", "bridge": "upstreamPort", "slots": [ { "at": "00.0", "bridge": "downstreamPort" } ] } ] },
                    { "at": "02.0", "bridge": "pcieToPci", "slots": [ { "at": "1f.7", "bridge": "pciToPci" }, { "at": "1f.0", "model": "b" } ] } ] },
                { "segment": 65536, "rootBus": 64, "slots": [
                    { "at": "00.0", "model": "a", "driver": "vfio-pci", "acs": false, "virtualFunctions": 4, "virtualDriver": "none", "virtualOffset": 2, "virtualStride": 3 },
                    { "at": "01.0", "model": "a", "driver": "none" },
                    { "at": "02.0", "model": "a" }, ] },
              ]
            }
            """);
        plan.HostBridges.Length.ShouldBe(2);
        (plan.HostBridges[0].Segment, plan.HostBridges[0].RootBus, plan.HostBridges[1].Segment, plan.HostBridges[1].RootBus).ShouldBe((0u, (byte)0, 65536u, (byte)64));
        Flatten(plan.HostBridges[0].Slots).Select(slot => (slot.Device, slot.Function, (slot as BridgePlan)?.Kind, slot.HasAcs)).ShouldBe(
        [
            (1, 0, BridgeKind.RootPort, false), (0, 0, BridgeKind.UpstreamPort, true), (0, 0, BridgeKind.DownstreamPort, true),
            (2, 0, BridgeKind.PcieToPci, true), (31, 7, BridgeKind.PciToPci, true), (31, 0, null, true),
        ]);
        plan.HostBridges[1].Slots.ShouldBe(
        [
            new FunctionPlan(0, 0, "a") { Driver = FunctionDriver.VfioPci, HasAcs = false, VirtualFunctions = 4, VirtualDriver = FunctionDriver.None, VirtualOffsets = (2, 3) },
            new FunctionPlan(1, 0, "a") { Driver = FunctionDriver.None },
            new FunctionPlan(2, 0, "a"),
        ]);
    }

    [Theory]
    [InlineData("", "not JSON")]
    [InlineData("[]", "the plan is no object with hostBridges")]
    [InlineData("""{"bridges":[]}""", "the plan has 'bridges', which means nothing there; there are: hostBridges")]
    [InlineData("""{"hostBridges":{}}""", "hostBridges is no list")]
    [InlineData("""{"hostBridges":[1]}""", "hostBridges[0] is no object with segment, rootBus, slots")]
    [InlineData("""{"hostBridges":[{"segment":-1}]}""", "hostBridges[0].segment is no number from 0 to 2147483647")]
    [InlineData("""{"hostBridges":[{"rootBus":256}]}""", "hostBridges[0].rootBus is no number from 0 to 255")]
    [InlineData("""{"hostBridges":[{"slots":[{"model":"a"}]}]}""", "hostBridges[0].slots[0] has no 'at'")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"0:0","model":"a"}]}]}""", "hostBridges[0].slots[0].at is '0:0'")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0"}]}]}""", "hostBridges[0].slots[0] has neither 'model' nor 'bridge'")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","bridge":"port"}]}]}""", "hostBridges[0].slots[0].bridge is 'port'; there are: rootPort,")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","bridge":"rootPort","driver":"none"}]}]}""", "hostBridges[0].slots[0] has 'driver', which means nothing there")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","model":"a","slots":[]}]}]}""", "hostBridges[0].slots[0] has 'slots', which means nothing there")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","model":1}]}]}""", "hostBridges[0].slots[0].model is no text")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","model":"a","driver":"nvme"}]}]}""", "hostBridges[0].slots[0].driver is 'nvme'; there are: native, vfio-pci, none")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","model":"a","acs":1}]}]}""", "hostBridges[0].slots[0].acs is neither true nor false")]
    [InlineData("""{"hostBridges":[{"slots":[{"at":"00.0","model":"a","virtualFunctions":257}]}]}""", "hostBridges[0].slots[0].virtualFunctions is no number from 0 to 256")]
    public void What_is_wrong_is_said_with_its_place(string json, string message) =>
        Should.Throw<FormatException>(() => HostPlan.Parse(json)).Message.ShouldStartWith(message);

    [Fact]
    public void A_plan_that_can_be_read_may_break_a_rule_of_hosts_still() =>
        Should.Throw<ArgumentException>(() => VirtualHost.Create(Hosts.Vtd, HostPlan.Parse("""{"hostBridges":[{"slots":[{"at":"20.0","model":"express"}]}]}"""), Hosts.Model))
            .Message.ShouldContain("20.0 is no place");

    private static IEnumerable<SlotPlan> Flatten(ImmutableArray<SlotPlan> slots) =>
        slots.SelectMany(slot => Flatten((slot as BridgePlan)?.Slots ?? []).Prepend(slot));
}
