using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>Buses, their flag, their numbers and what they forward.</summary>
public class BusTests
{
    private static readonly SlotPlan[] Deep =
    [
        Hosts.Function(1),
        Hosts.Port(2, Hosts.Bridge(BridgeKind.UpstreamPort, 0, Hosts.Bridge(BridgeKind.DownstreamPort, 0, Hosts.Function(0)), Hosts.Bridge(BridgeKind.DownstreamPort, 1))),
        Hosts.Port(3, Hosts.Bridge(BridgeKind.PcieToPci, 0, Hosts.Function(4, model: "conventional"), Hosts.Bridge(BridgeKind.PciToPci, 5, Hosts.Function(6, model: "conventional")))),
        Hosts.Bridge(BridgeKind.PciToPci, 30, Hosts.Function(1, model: "conventional")),
    ];

    [Theory]
    [InlineData(HostBridgeKind.Vtd, true)]
    [InlineData(HostBridgeKind.None, false)]
    public void Every_bus_has_the_flag_of_its_root(HostBridgeKind bridge, bool isIsolated)
    {
        VirtualHost host = Hosts.Of(new VirtualHostOptions { Bridge = bridge }, Deep);
        foreach (HostBus bus in host.Functions.Select(function => function.Bus).Concat(host.Functions.OfType<BridgeFunction>().Select(function => function.SecondaryBus)))
        {
            bus.HasIsolatedMsis.ShouldBe(isIsolated, bus.ToString());
            bus.Flags.ShouldBe(isIsolated ? PciBusFlags.MsiIsolated : PciBusFlags.None);
        }
    }

    [Fact]
    public void Bus_numbers_are_given_depth_first_and_stand_in_the_bridges()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Deep);
        host.Functions.Select(function => function.Address.ToString()).ShouldBe(
        [
            "0000:00:01.0", "0000:00:02.0", "0000:00:03.0", "0000:00:1e.0", "0000:01:00.0", "0000:02:00.0", "0000:02:01.0", "0000:03:00.0",
            "0000:05:00.0", "0000:06:04.0", "0000:06:05.0", "0000:07:06.0", "0000:08:01.0",
        ]);
        foreach (BridgeFunction bridge in host.Functions.OfType<BridgeFunction>())
        {
            ConfigurationSpace space = bridge.ReadConfiguration();
            space.HeaderType.ShouldBe(HeaderType.Bridge);
            space.PrimaryBus.ShouldBe(bridge.Bus.Number);
            space.SecondaryBus.ShouldBe(bridge.SecondaryBus.Number);
            space.SubordinateBus.ShouldBeGreaterThanOrEqualTo(bridge.SecondaryBus.Number);
            space.Findings.ShouldBeEmpty();
        }

        host.Find(PciAddress.Parse("00:02.0")).ReadConfiguration().SubordinateBus.ShouldBe((byte)4);
        host.Find(PciAddress.Parse("00:03.0")).ReadConfiguration().SubordinateBus.ShouldBe((byte)7);
    }

    [Theory]
    [InlineData("00:01.0", "00:01.0")]
    [InlineData("03:00.0", "03:00.0")] // ports forward what they get
    [InlineData("06:04.0", "06:00.0")] // the PCIe-to-PCI bridge takes an ID of the bus behind it
    [InlineData("07:06.0", "06:00.0")] // and so for what another bridge spoke for
    [InlineData("08:01.0", "00:1e.0")] // a conventional bridge speaks for what is behind it
    public void Requests_arrive_under_the_id_of_whoever_speaks_for_the_function(string function, string requester) =>
        Hosts.Of(Hosts.Vtd, Deep).Find(PciAddress.Parse(function)).SeenAs.ShouldBe(PciAddress.Parse(requester).RequesterId);

    [Theory]
    [InlineData("00:01.0")]
    [InlineData("03:00.0")]
    [InlineData("06:04.0")]
    [InlineData("07:06.0")]
    [InlineData("08:01.0")]
    public void The_host_s_processors_reach_registers_through_every_bridge(string address)
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Deep);
        ulong bar = BarSet.FromHeader(host.Find(PciAddress.Parse(address)).ReadConfiguration())[0].Address;
        bar.ShouldNotBe(0UL);
        host.TryWriteMemory(bar + 8, BitConverter.GetBytes(0x1234_5678)).ShouldBeTrue();
        byte[] read = new byte[4];
        host.TryReadMemory(bar + 0x10, read).ShouldBeTrue();
        BitConverter.ToUInt32(read).ShouldBe(0x1234_5678u);

        foreach (BridgeFunction bridge in Above(host.Find(PciAddress.Parse(address))))
        {
            bridge.WriteConfiguration(BridgeRegisters.Command, [0x05, 0]);
            host.TryReadMemory(bar + 0x10, read).ShouldBeFalse($"{bridge} forwards no memory");
            read.ShouldAllBe(value => value == 0xFF);
            bridge.WriteConfiguration(BridgeRegisters.Command, [0x07, 0]);
            host.TryReadMemory(bar + 0x10, read).ShouldBeTrue();
        }
    }

    [Fact]
    public void No_two_bars_meet_and_each_lies_in_the_windows_above_it()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Deep);
        var bars = host.Functions.OfType<EndpointFunction>()
            .SelectMany(function => function.Model.Layout.Bars.Select(bar => (function, bar.Kind, Address: BarSet.FromHeader(function.ReadConfiguration())[bar.Index].Address, bar.Length)))
            .ToArray();
        bars.Length.ShouldBe(2 + 2 + 3 + 3 + 3);
        foreach (var one in bars)
        {
            (one.Address & (one.Length - 1)).ShouldBe(0UL, $"{one.function}");
            bars.Count(other => (other.Kind == BarKind.Io) == (one.Kind == BarKind.Io) && other.Address < one.Address + one.Length && one.Address < other.Address + other.Length).ShouldBe(1, $"{one}");
        }
    }

    [Fact]
    public void A_message_does_not_pass_a_bridge_that_may_not_master_the_bus()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Deep);
        EndpointFunction function = host.Endpoint("03:00.0");
        host.Plain("03:00.0").Signal(0);
        function.Interrupts.ShouldBe(1);
        foreach (BridgeFunction bridge in Above(function))
        {
            bridge.WriteConfiguration(BridgeRegisters.Command, [0x03, 0]);
            host.Plain("03:00.0").Signal(0);
            function.Interrupts.ShouldBe(1);
            bridge.WriteConfiguration(BridgeRegisters.Command, [0x07, 0]);
        }

        host.Plain("03:00.0").Signal(0);
        function.Interrupts.ShouldBe(2);
    }

    [Fact]
    public void Segments_have_buses_of_their_own()
    {
        var plan = new HostPlan { HostBridges = [new(0) { Slots = [Hosts.Port(1, Hosts.Function(0))] }, new(1) { Slots = [Hosts.Port(1, Hosts.Function(0))] }, new(1, 0x80) { Slots = [Hosts.Function(0)] }] };
        VirtualHost host = VirtualHost.Create(Hosts.Vtd, plan, Hosts.Model);
        host.Functions.Select(function => function.Address.ToString()).ShouldBe(["0000:00:01.0", "0000:01:00.0", "0001:00:01.0", "0001:01:00.0", "0001:80:00.0"]);
        host.HostBridges.Length.ShouldBe(3);
        host.HostBridges.Select(bridge => bridge.Unit).Distinct().Count().ShouldBe(3);
        host.Functions.Where(function => function is EndpointFunction).Select(function => BarSet.FromHeader(function.ReadConfiguration())[0].Address).Distinct().Count().ShouldBe(3);
    }

    private static IEnumerable<BridgeFunction> Above(HostFunction function)
    {
        for (BridgeFunction? bridge = function.Bus.Bridge; bridge is not null; bridge = bridge.Bus.Bridge)
        {
            yield return bridge;
        }
    }
}
