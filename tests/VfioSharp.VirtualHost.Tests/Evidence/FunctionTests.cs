using VfioSharp.Devices;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Evidence;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>What the audit says of functions beside the verdict, against what the host itself knows of them.</summary>
public class FunctionTests
{
    private const int HostsOfEach = 15;

    public static TheoryData<HostBridgeKind> Kinds => [.. Enum.GetValues<HostBridgeKind>()];

    public static TheoryData<HostBridgeKind, VfioDialect> Dialects => new(
        from kind in Enum.GetValues<HostBridgeKind>()
        from dialect in Enum.GetValues<VfioDialect>()
        where kind != HostBridgeKind.None // which attaches nothing
        where kind != HostBridgeKind.S390 || dialect == VfioDialect.MsixMappable // vfio-pci of old kernels mapped nothing there
        select (kind, dialect));

    [Theory, MemberData(nameof(Kinds))]
    public void Functions_hang_where_they_were_plugged_in(HostBridgeKind kind) => Fuzz.Run(HostsOfEach, random =>
    {
        AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind }, random);
        foreach (HostFunction function in host.Host.Functions)
        {
            PciNode node = host.Of(function).Node;
            node.Bus.Number.ShouldBe(function.Bus.Number);
            (node.Bus.Bridge?.Address).ShouldBe(function.Bus.Bridge?.Address);
            node.RequesterIds[^1].ShouldBe(function.SeenAs);
            node.Evidence.PhysicalFunction.ShouldBe((function as EndpointFunction)?.PhysicalFunction?.Address);
        }
    });

    [Theory, MemberData(nameof(Kinds))]
    public void Groups_have_the_members_that_they_have(HostBridgeKind kind) => Fuzz.Run(HostsOfEach, random =>
    {
        AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind }, random);
        foreach (HostFunction function in host.Host.Functions)
        {
            host.Of(function).Evidence.IommuGroup.ShouldBe(function.Group?.Number);
        }

        host.Audit.Host.Groups.Keys.ShouldBe(host.Host.Groups.Select(group => group.Number));
        foreach (HostGroup group in host.Host.Groups)
        {
            host.Audit.Topology.MembersOf(group.Number).Select(node => node.Address).ShouldBe(group.Members.Select(member => member.Address).Order());
        }
    });

    [Theory, MemberData(nameof(Kinds))]
    public void Who_stands_in_the_way_of_a_function_is_who_makes_its_group_not_viable(HostBridgeKind kind) => Fuzz.Run(HostsOfEach, random =>
    {
        AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind }, random);
        foreach (EndpointFunction function in host.Host.Functions.OfType<EndpointFunction>())
        {
            Assignability found = host.Of(function).Assignability;
            string[] holders = [.. (function.Group?.Members ?? []).OfType<EndpointFunction>().Where(other => other != function && other.Driver == FunctionDriver.Native)
                .Select(other => other.Address).Order().Select(address => address.ToString())];
            found.Blockers.ShouldBe(holders);
            found.IsAssignable.ShouldBe(function.Group is not null && holders.Length == 0);
            if (function is { Driver: FunctionDriver.VfioPci, Group: { } group })
            {
                found.IsAssignable.ShouldBe(group.IsViable);
            }
        }
    });

    [Theory, MemberData(nameof(Kinds))]
    public void A_function_is_what_its_model_says(HostBridgeKind kind) => Fuzz.Run(HostsOfEach, random =>
    {
        AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind }, random);
        foreach (EndpointFunction function in host.Host.Functions.OfType<EndpointFunction>())
        {
            FunctionAudit audited = host.Of(function);
            FunctionLayout layout = function.Model.Layout;
            FunctionEvidence evidence = audited.Evidence;
            (evidence.VendorId, evidence.DeviceId, evidence.Revision).ShouldBe((layout.Identity.VendorId, layout.Identity.DeviceId, layout.Identity.Revision));
            (evidence.SubsystemVendorId, evidence.SubsystemDeviceId).ShouldBe((layout.Identity.SubsystemVendorId, layout.Identity.SubsystemId));
            bool isVirtual = function.PhysicalFunction is not null; // whose registers show neither IDs nor BARs
            (audited.Configuration.VendorId, audited.Configuration.DeviceId).ShouldBe(isVirtual ? (ushort.MaxValue, ushort.MaxValue) : (evidence.VendorId, evidence.DeviceId));
            BarSet.FromHeader(audited.Configuration).Any(bar => bar.IsImplemented).ShouldBe(!isVirtual);
            audited.Configuration.ClassCode.ShouldBe(layout.Identity.ClassCode);
            evidence.ClassCode.ShouldBe(function.ReadConfiguration().Read32(8) >> 8);
            var registers = BarSet.FromHeader(function.ReadConfiguration());
            foreach (BarLayout bar in layout.Bars)
            {
                BarResource shown = audited.Bars[bar.Index];
                (shown.Kind, shown.Length, shown.IsPrefetchable, shown.Address).ShouldBe((bar.Kind, bar.Length, bar.IsPrefetchable, registers[bar.Index].Address));
            }

            MsixPlacement msix = layout.Msix!;
            audited.Msix!.Table.ShouldBe(new ByteRange(msix.TableOffset, msix.Capability.TableLength));
            (audited.Msix.TableBar, audited.Msix.PbaBar, audited.Msix.Pba!.Value.Offset).ShouldBe((msix.TableBar, msix.PbaBar, msix.PbaOffset));
            audited.Findings.ShouldBeEmpty();
            evidence.MsiIrqs.Length.ShouldBe(function.NativeVectors.Count);
        }
    });

    [Theory, MemberData(nameof(Dialects))]
    public void The_tables_page_is_mapped_or_trapped_as_the_hosts_vfio_pci_has_it(HostBridgeKind kind, VfioDialect dialect) => Fuzz.Run(5, random =>
    {
        AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind, Dialect = dialect, AllowsUnsafeInterrupts = true }, random);
        foreach (EndpointFunction function in host.Host.Functions.OfType<EndpointFunction>())
        {
            MsixTableDecision foretold = host.Of(function).Table!;
            MsixTableDecision made = host.Decide(function);
            (foretold.Access, foretold.Reason).ShouldBe((made.Access, made.Reason), $"{function}");
            foretold.Mapped.ShouldBe(made.Mapped);
        }
    });

    [Fact]
    public async Task Vectors_of_a_client_are_shown_like_a_drivers()
    {
        VirtualHost host = VirtualHost.Create(new VirtualHostOptions { Bridge = HostBridgeKind.Vtd },
            new HostPlan { HostBridges = [new HostBridgePlan { Slots = [new FunctionPlan(1, 0, "express") { Driver = FunctionDriver.VfioPci }] }] }, EvidenceModel.Of);
        await using PciFunction opened = host.Open(host.Functions.Single().Address);
        using MsixVectors vectors = await opened.EnableMsixAsync(2, TestContext.Current.CancellationToken);
        HostEvidence evidence = HostEvidence.Read(HostEvidenceWriter.Write(host));
        evidence.Functions.Single().MsiIrqs.Length.ShouldBe(2);
        evidence.Interrupts.ChipOf(evidence.Functions.Single().MsiIrqs[0]).ShouldBe("IR-PCI-MSIX-0000:00:01.0");
    }
}
