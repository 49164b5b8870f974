using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Tests.Hosts;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Tests.Models;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>The groups, bus numbers and aliases of hosts that real kernels made.</summary>
public class CapturedGroupTests
{
    public static TheoryData<string> HostsOfGroups =>
        [.. CapturedHost.Names.Where(name => KindOf(name) is not null && CapturedHost.Open(name).Read().Groups.Count > 0)];

    [Fact]
    public void Most_captured_hosts_are_here() => HostsOfGroups.Count.ShouldBeGreaterThan(20);

    [Theory, MemberData(nameof(HostsOfGroups))]
    public void Groups_are_what_the_kernel_made_them(string name)
    {
        HostEvidence captured = CapturedHost.Open(name).Read();
        VirtualHost host = Create(captured, KindOf(name)!.Value);
        FunctionEvidence[] grouped = [.. captured.Functions.Where(function => function.IommuGroup is not null)];
        grouped.Select(function => host.Find(function.Address).Group!.Number).Distinct().Count().ShouldBe(grouped.Select(function => function.IommuGroup).Distinct().Count());
        foreach (IGrouping<int?, FunctionEvidence> group in grouped.GroupBy(function => function.IommuGroup))
        {
            PciAddress[] members = [.. host.Find(group.First().Address).Group!.Members.Select(member => member.Address).Order()];
            members.ShouldBe([.. group.Select(function => function.Address).Order()], $"group {group.Key}");
            if (name.StartsWith("x86", StringComparison.Ordinal))
            {
                // Elsewhere the IOMMU's driver may come late, and finds the functions in the order of their drivers.
                host.Find(members[0]).Group!.Number.ShouldBe(group.Key!.Value);
            }
        }
    }

    [Theory, MemberData(nameof(HostsOfGroups))]
    public void Buses_have_the_numbers_that_the_kernel_gave_them(string name)
    {
        HostEvidence captured = CapturedHost.Open(name).Read();
        VirtualHost host = Create(captured, KindOf(name)!.Value);
        var topology = PciTopology.Build(captured);
        foreach (FunctionEvidence function in captured.Functions.Where(function => !IommuUnitEvidence.IsIommu(function)))
        {
            topology.TryGetNode(function.Address, out PciNode? node).ShouldBeTrue();
            HostFunction placed = host.Find(function.Address);
            placed.Bus.Number.ShouldBe(node!.Bus.Number);
            placed.SeenAs.ShouldBe(node.RequesterIds[^1], $"{function.Address}");
            if (function.Configuration.HeaderType == HeaderType.Bridge)
            {
                ((BridgeFunction)placed).SecondaryBus.Number.ShouldBe(function.Configuration.SecondaryBus);
            }
        }
    }

    private static VirtualHost Create(HostEvidence captured, HostBridgeKind kind) =>
        VirtualHost.Create(new VirtualHostOptions { Bridge = kind }, CapturedPlan.Of(captured), Model);

    private static EmulatedFunction Model(FunctionPlan plan) => new PlainFunction(new FunctionLayout
    {
        Identity = new(0x1234, 0x0001, new ClassCode(0xFF, 0, 0)),
        IsPciExpress = plan.Model != CapturedPlan.Conventional,
    });

    // Where a second host bridge, or none, is above: the kernel's own numbers are of hosts with one.
    private static HostBridgeKind? KindOf(string name) => name.Split('-')[0] switch
    {
        "x86" or "arm64" or "riscv64" => HostBridgeKind.Vtd,
        _ => null,
    };
}
