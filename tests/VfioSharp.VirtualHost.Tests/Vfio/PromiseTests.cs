using VfioSharp.Devices;
using VfioSharp.Pci.Isolation;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Vfio;

/// <summary>A driver that maps a table's page has it for long: it is told what stays true.</summary>
public class PromiseTests
{
    public static TheoryData<string> Open => [.. KnownHosts.Open.Where(each => each.Value.Bridge != HostBridgeKind.None && each.Value.HasIommu).Select(each => each.Key).Order()];

    [Theory, MemberData(nameof(Open))]
    public async Task A_host_that_does_not_isolate_says_so_before_anybody_has_messages(string platform)
    {
        VirtualHost host = Hosts.Of(
            KnownHosts.Open[platform] with { AllowsUnsafeInterrupts = true },
            Hosts.Port(1, Hosts.Function(0) with { Driver = FunctionDriver.VfioPci }), Hosts.Port(2, Hosts.Function(0) with { Driver = FunctionDriver.None }));
        await using PciFunction function = host.Open(host.Endpoint("01:00.0").Address);
        function.Isolation.ShouldBe(IsolationVerdict.NotIsolated);
        using Devices.Access.Bar bar = function.MapBar(2);
        bar.MsixTable.Access.ShouldBe(Pci.Mapping.MsixTableAccess.Trapped);

        EndpointFunction other = host.Endpoint("02:00.0");
        host.Bind(other.Address, FunctionDriver.Native);
        host.Judge(other).IsIsolating.ShouldBeFalse("now that it has messages");
    }

    [Fact]
    public async Task One_that_does_says_so_too()
    {
        VirtualHost host = Hosts.Of(Hosts.Vtd, Hosts.Port(1, Hosts.Function(0) with { Driver = FunctionDriver.VfioPci }));
        await using PciFunction function = host.Open(host.Endpoint("01:00.0").Address);
        function.Isolation.ShouldBe(IsolationVerdict.Isolated);
    }
}
