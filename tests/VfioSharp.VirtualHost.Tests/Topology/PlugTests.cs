using VfioSharp.Devices;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>Functions that come and go while the host runs.</summary>
public class PlugTests
{
    private readonly VirtualHost host = Hosts.Of(Hosts.Vtd, Hosts.Port(1), Hosts.Port(2, Hosts.Function(0)));

    private HostBus Slot => ((BridgeFunction)host.Find(PciAddress.Parse("00:01.0"))).SecondaryBus;

    [Fact]
    public void A_function_that_is_plugged_in_works_as_others_do()
    {
        EndpointFunction plugged = host.Plug(Slot, Hosts.Function(0), Hosts.Model);
        plugged.Address.ToString().ShouldBe("0000:01:00.0");
        plugged.Group!.Number.ShouldBe(3);
        plugged.Bus.HasIsolatedMsis.ShouldBeTrue();
        ulong bar = BarSet.FromHeader(plugged.ReadConfiguration())[0].Address;
        host.TryWriteMemory(bar, [1, 2, 3, 4]).ShouldBeTrue();
        ((PlainFunction)plugged.Model).Signal(0);
        plugged.Interrupts.ShouldBe(1);
    }

    [Fact]
    public void One_that_is_taken_out_leaves_nothing_behind()
    {
        PlainFunction model = PlainFunction.Express();
        ulong? address = null;
        for (int round = 0; round < 100; round++)
        {
            EndpointFunction plugged = host.Plug(Slot, Hosts.Function(0), _ => model);
            ulong bar = BarSet.FromHeader(plugged.ReadConfiguration())[0].Address;
            (address ??= bar).ShouldBe(bar);
            host.Unplug(plugged.Address);
            host.TryFind(plugged.Address, out _).ShouldBeFalse();
            host.Groups.Length.ShouldBe(3);
            host.TryReadMemory(bar, new byte[4]).ShouldBeFalse();
            model.Signal(0);
            host.Processors.Assigned.Count().ShouldBe(8, "those of the function that stays");
        }
    }

    [Fact]
    public void Virtual_functions_go_with_their_physical_function()
    {
        EndpointFunction physical = host.Plug(Slot, Hosts.Function(0) with { VirtualFunctions = 3, VirtualOffsets = (1, 1) }, Hosts.Model);
        host.Groups.Length.ShouldBe(7);
        Should.Throw<ArgumentException>(() => host.Plug(Slot, Hosts.Function(0), Hosts.Model)).Message.ShouldBe("bus 0000:01, 00.0 is taken");
        host.Unplug(physical.Address);
        host.Groups.Length.ShouldBe(3);
        Slot.Functions.ShouldBeEmpty();
    }

    [Fact]
    public void Virtual_functions_need_bus_numbers() =>
        Should.Throw<ArgumentException>(() => host.Plug(Slot, Hosts.Function(0) with { VirtualFunctions = 256 }, Hosts.Model)).Message.ShouldContain("bus 0000:01 has no bus numbers for 256 virtual functions");

    [Theory]
    [InlineData(1, 0, "lies behind a link")]
    [InlineData(0, 1, "a device comes with its function 0")]
    public void A_place_that_does_not_fit_is_refused(int device, int function, string rule) =>
        Should.Throw<ArgumentException>(() => host.Plug(Slot, Hosts.Function(device, function), Hosts.Model)).Message.ShouldContain(rule);

    [Fact]
    public void A_place_that_is_taken_is_refused() =>
        Should.Throw<ArgumentException>(() => host.Plug(((BridgeFunction)host.Find(PciAddress.Parse("00:02.0"))).SecondaryBus, Hosts.Function(0), Hosts.Model))
            .Message.ShouldBe("bus 0000:02, 00.0 is taken");

    [Fact]
    public void A_function_too_large_for_its_slot_is_refused_and_leaves_nothing_behind()
    {
        var huge = new PlainFunction(PlainFunction.PciExpress with { Bars = [Devices.Emulation.BarLayout.Memory64(0, 1 << 30)] });
        Should.Throw<ArgumentException>(() => host.Plug(Slot, Hosts.Function(0), _ => huge)).Message.ShouldContain("0000:01:00.0 needs 0x40000000 bytes");
        host.Plug(Slot, Hosts.Function(0), Hosts.Model).Group!.Number.ShouldBe(3);
    }

    [Fact]
    public async Task A_driver_that_has_it_open_finds_it_lost()
    {
        PlainFunction model = PlainFunction.Express();
        EndpointFunction plugged = host.Plug(Slot, Hosts.Function(0) with { Driver = FunctionDriver.VfioPci }, _ => model);
        await using (PciFunction function = host.Open(plugged.Address))
        {
            host.Unplug(plugged.Address);
            function.IsLost.ShouldBeTrue();
            function.Removing.IsCancellationRequested.ShouldBeTrue();
            Should.Throw<ArgumentException>(() => host.Plug(Slot, Hosts.Function(0), _ => model)).Message.ShouldContain("somebody holds still");
        }

        host.Plug(Slot, Hosts.Function(0), _ => model).Interrupts.ShouldBe(0);
    }

    [Fact]
    public async Task A_driver_can_be_asked_to_let_go()
    {
        EndpointFunction plugged = host.Plug(Slot, Hosts.Function(0) with { Driver = FunctionDriver.VfioPci }, Hosts.Model);
        await using PciFunction function = host.Open(plugged.Address);
        function.Removing.IsCancellationRequested.ShouldBeFalse();
        host.AskForRelease(plugged.Address);
        function.Removing.IsCancellationRequested.ShouldBeTrue();
        function.IsLost.ShouldBeFalse();
    }
}
