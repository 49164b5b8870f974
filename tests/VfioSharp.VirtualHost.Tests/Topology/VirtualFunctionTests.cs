using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>SR-IOV (PCIe 6.0, chapter 9).</summary>
public class VirtualFunctionTests
{
    [Fact]
    public void Virtual_functions_have_ids_bars_and_groups_of_their_own()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Hosts.Port(1, Hosts.Function(0) with { VirtualFunctions = 4, VirtualOffsets = (0x80, 2) }), Hosts.Port(2, Hosts.Function(0)));
        EndpointFunction physical = host.Endpoint("01:00.0");
        physical.VirtualFunctions.Select(function => function.Address.ToString()).ShouldBe(["0000:01:10.0", "0000:01:10.2", "0000:01:10.4", "0000:01:10.6"]);
        physical.VirtualFunctions.ShouldAllBe(function => function.PhysicalFunction == physical && function.Bus == physical.Bus && function.SeenAs == function.Address.RequesterId);
        physical.VirtualFunctions.Select(function => function.Group!.Number).ShouldBe([4, 5, 6, 7], "they come after all others");

        ConfigurationSpace space = physical.ReadConfiguration();
        SrIovCapability capability = space.Capabilities.SrIov.ShouldNotBeNull();
        (capability.NumVfs, capability.IsEnabled, capability.IsMemoryEnabled).ShouldBe((4, true, true));
        Enumerable.Range(0, 4).Select(index => capability.RequesterIdOf(physical.Address.RequesterId, index)).ShouldBe(physical.VirtualFunctions.Select(function => function.Address.RequesterId));
        space.Capabilities.Ari.ShouldNotBeNull();
        space.Findings.ShouldBeEmpty();

        ulong first = space.Read32(capability.Offset + 0x24) & ~0xFUL | ((ulong)space.Read32(capability.Offset + 0x28) << 32);
        physical.VirtualFunctions.Select(function => BarSet.FromHeader(function.ReadConfiguration())[0].Address).ShouldBe([first, first + 0x4000, first + 0x8000, first + 0xC000]);
    }

    [Fact]
    public void They_may_answer_to_the_next_bus_number()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Hosts.Port(1, Hosts.Function(0) with { VirtualFunctions = 256 }), Hosts.Port(2, Hosts.Function(0)));
        EndpointFunction physical = host.Endpoint("01:00.0");
        physical.VirtualFunctions[^1].Address.ToString().ShouldBe("0000:02:0f.7");
        physical.VirtualFunctions[^1].Bus.ShouldBe(physical.Bus);
        ((BridgeFunction)host.Find(PciAddress.Parse("00:01.0"))).ReadConfiguration().SubordinateBus.ShouldBe((byte)2);
        host.TryFind(PciAddress.Parse("03:00.0"), out _).ShouldBeTrue("the next bridge's bus comes after");
        physical.VirtualFunctions.Select(function => function.Address).Distinct().Count().ShouldBe(256);
    }

    [Fact]
    public void Each_signals_under_its_own_id()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Hosts.Port(1, Hosts.Function(0) with { VirtualFunctions = 2, VirtualDriver = FunctionDriver.Native }));
        host.Plain("01:10.1").Signal(3);
        host.Endpoint("01:10.1").Interrupts.ShouldBe(1);
        host.Endpoint("01:10.0").Interrupts.ShouldBe(0);
        host.Endpoint("01:00.0").Interrupts.ShouldBe(0);
        host.HostBridges[0].Unit.Blocked.ShouldBe(0);
    }
}
