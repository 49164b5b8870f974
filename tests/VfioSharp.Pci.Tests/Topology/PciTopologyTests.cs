using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Tests.Hosts;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Tests.Topology;

/// <summary>The captured machine with root ports, a switch, a conventional bridge and virtual functions.</summary>
public sealed class PciTopologyTests
{
    private static readonly PciTopology Rich = PciTopology.Build(CapturedHost.Open("x86-intel-ir-rich").Read());

    private static PciNode Node(string address)
    {
        Rich.TryGetNode(PciAddress.Parse(address), out PciNode? node).ShouldBeTrue();
        return node!;
    }

    [Theory]
    [InlineData("0000:00:02.0", "0000:00")]
    [InlineData("0000:01:00.0", "0000:01 < 0000:00:02.0 < 0000:00")]
    [InlineData("0000:04:00.0", "0000:04 < 0000:03:00.0 < 0000:03 < 0000:02:00.0 < 0000:02 < 0000:00:02.1 < 0000:00")]
    [InlineData("0000:07:02.0", "0000:07 < 0000:06:00.0 < 0000:06 < 0000:00:02.2 < 0000:00")]
    [InlineData("0000:08:10.2", "0000:08 < 0000:00:02.3 < 0000:00")]
    public void Functions_hang_where_sysfs_nests_them(string address, string expected)
    {
        PciBus bus = Node(address).Bus;
        string path = bus.ToString();
        for (; bus.Bridge is { } bridge; bus = bridge.Bus)
        {
            path += $" < {bridge.Address} < {bridge.Bus}";
        }

        path.ShouldBe(expected);
    }

    [Theory]
    [InlineData("0000:01:00.0", "01:00.0")]
    [InlineData("0000:04:00.0", "04:00.0")]
    [InlineData("0000:06:00.0", "06:00.0")]
    [InlineData("0000:07:02.0", "07:02.0 07:00.0")]
    public void Conventional_functions_also_appear_as_their_bridge(string address, string expected) =>
        string.Join(' ', Node(address).RequesterIds).ShouldBe(expected);

    [Fact]
    public void Every_bus_has_the_flag_of_its_root()
    {
        foreach (PciBus bus in CapturedHost.Open("x86-intel-ir-rich").Read().Functions.Select(f => Node(f.Address.ToString()).Bus).Distinct())
        {
            bus.HasIsolatedMsis.ShouldBeTrue(bus.ToString());
            bus.Flags.ShouldBe(bus.HostBridge.RootBus.Flags);
        }

        var without = PciTopology.Build(HostEvidence.Read(new AlteredHost("x86-intel-ir-rich").With("proc/cmdline", "intremap=nosid\n").Tree()));
        without.TryGetNode(PciAddress.Parse("0000:07:02.0"), out PciNode? behind).ShouldBeTrue();
        behind!.Bus.HasIsolatedMsis.ShouldBeFalse();
    }

    [Fact]
    public void A_flat_tree_is_laid_out_by_the_bridges_bus_numbers()
    {
        var flat = new MemoryTree();
        foreach (FunctionEvidence function in CapturedHost.Open("x86-intel-ir-rich").Read().Functions)
        {
            flat.AddFile($"sys/bus/pci/devices/{function.Address}/config", function.ConfigurationImage);
        }

        PciTopology topology = PciTopology.Build(HostEvidence.Read(flat));
        foreach (string address in (string[])["0000:01:00.0", "0000:04:00.0", "0000:07:02.0"])
        {
            topology.TryGetNode(PciAddress.Parse(address), out PciNode? node).ShouldBeTrue();
            node!.Bus.Bridge!.Address.ShouldBe(Node(address).Bus.Bridge!.Address);
            node.RequesterIds.ShouldBe(Node(address).RequesterIds);
        }
    }

    [Fact]
    public void Groups_hold_their_members_in_order() =>
        Rich.MembersOf(22).Select(node => node.Address.ToString()).ShouldBe(["0000:06:00.0", "0000:07:01.0", "0000:07:02.0", "0000:07:03.0"]);

    [Fact]
    public void Segments_have_host_bridges_of_their_own() =>
        PciTopology.Build(CapturedHost.Open("ppc64-powernv9").Read()).HostBridges.Select(bridge => bridge.RootBus.ToString())
            .ShouldBe(["0000:00", "0001:00", "0002:00", "0003:00", "0004:00", "0005:00"]);
}
