using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Topology;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>
/// The audit, which knows what the host's kernel shows, against the host's hardware, which knows what it does: on hosts of any topology, for every
/// platform and every setting of its switches.
/// </summary>
public class VerdictTests
{
    private const int HostsOfEach = 50;

    public static TheoryData<int> Settings => [.. Enumerable.Range(0, Switches.All.Length)];

    [Fact]
    public void Every_platform_is_here() => Switches.All.Select(options => options.Bridge).Distinct().Count().ShouldBe(Enum.GetValues<HostBridgeKind>().Length);

    [Theory, MemberData(nameof(Settings))]
    public void The_audit_says_of_each_function_what_the_hardware_does(int setting)
    {
        VirtualHostOptions options = Switches.All[setting];
        Fuzz.Run(Switches.ShareOf(HostsOfEach, options), random =>
        {
            AuditedHost host = AuditedHost.Random(options with { Dialect = random.Pick(Enum.GetValues<VfioDialect>()) }, random);
            host.Audit.Functions.Length.ShouldBe(host.Host.Functions.Length);
            foreach (HostBridge bridge in host.Host.HostBridges)
            {
                bool isConfined = host.Host.Judge(bridge.RootBus.Functions[0]).IsIsolating; // one unit for all below
                foreach (HostFunction function in host.Host.Functions.Where(function => function.Bus.HostBridge == bridge))
                {
                    host.Of(function).Isolation.Verdict.ShouldBe(Expected(options, function, isConfined), $"{options} {function}");
                }
            }
        });
    }

    [Theory, MemberData(nameof(Settings))]
    public void The_audit_foretells_what_the_hosts_vfio_pci_attaches(int setting)
    {
        VirtualHostOptions options = Switches.All[setting];
        Fuzz.Run(Switches.ShareOf(HostsOfEach, options), random =>
        {
            AuditedHost host = AuditedHost.Random(options with { Dialect = random.Pick(Enum.GetValues<VfioDialect>()) }, random);
            foreach (EndpointFunction function in host.Host.Functions.OfType<EndpointFunction>())
            {
                // Whether a kernel takes functions behind a RISC-V IOMMU at all is not known.
                bool? expected = options.Bridge == HostBridgeKind.Imsic ? null : host.Attaches(function);
                host.Of(function).Isolation.KernelAccepts.ShouldBe(expected, $"{options} {function}");
            }
        });
    }

    [Theory, MemberData(nameof(Settings))]
    public void The_flag_that_the_audit_gives_to_buses_is_the_one_that_they_were_made_with(int setting)
    {
        VirtualHostOptions options = Switches.All[setting];
        Fuzz.Run(Switches.ShareOf(HostsOfEach, options), random =>
        {
            AuditedHost host = AuditedHost.Random(options with { Dialect = random.Pick(Enum.GetValues<VfioDialect>()) }, random);
            foreach (HostFunction function in host.Host.Functions)
            {
                PciBusFlags expected = Switches.IsBeyondKernels(options) ? PciBusFlags.None : function.Bus.Flags;
                host.Of(function).Node.Bus.Flags.ShouldBe(expected, $"{options} {function}");
            }

            host.Audit.Topology.HostBridges.Select(bridge => (bridge.Segment, bridge.RootBusNumber))
                .ShouldBe(host.Host.HostBridges.Select(bridge => (bridge.Segment, bridge.RootBus.Number)));
        });
    }

    [Fact]
    public void Remapping_that_is_only_advertised_is_seen_for_what_it_is()
    {
        foreach (HostBridgeKind kind in (HostBridgeKind[])[HostBridgeKind.Vtd, HostBridgeKind.AmdVi])
        {
            foreach (bool advertisedOnly in (bool[])[false, true])
            {
                AuditedHost host = AuditedHost.Random(new VirtualHostOptions { Bridge = kind, AdvertisedOnly = advertisedOnly }, new FuzzRandom(7));
                foreach (FunctionAudit function in host.Audit.Functions)
                {
                    function.Isolation.Advertised.ShouldBe(true);
                    function.Isolation.InUse.ShouldBe(!advertisedOnly);
                }
            }
        }
    }

    // A function without a group is not isolated by definition; of interrupt files of a group's own nothing is shown.
    private static IsolationVerdict Expected(VirtualHostOptions options, HostFunction function, bool isConfined) =>
        function.Group is null || !isConfined ? IsolationVerdict.NotIsolated
        : Switches.IsBeyondKernels(options) ? IsolationVerdict.Unknown : IsolationVerdict.Isolated;
}
