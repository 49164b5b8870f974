using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Tests.Hosts;
using VfioSharp.VirtualHost.Tests.Topology;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>Virtual hosts of the same platform, switches and topology as hosts with real kernels: the audit says the same of both, and vfio-pci does.</summary>
public class CapturedTests
{
    private static readonly Dictionary<string, VirtualHostOptions> Hosts = new()
    {
        ["x86-no-iommu"] = new() { Bridge = HostBridgeKind.None },
        ["x86-intel-ir"] = Models.Hosts.Vtd,
        ["x86-intel-ir-rich"] = Models.Hosts.Vtd,
        ["x86-intel-ir-vf"] = Models.Hosts.Vtd,
        ["x86-intel-ir-pt"] = Models.Hosts.Vtd,
        ["x86-intel-ir-6.1"] = Models.Hosts.Vtd,
        ["x86-intel-ir-nosid"] = Models.Hosts.Vtd with { ChecksSources = false },
        ["x86-intel-ir-nosid-6.1"] = Models.Hosts.Vtd with { ChecksSources = false },
        ["x86-intel-ir-off-by-cmdline"] = Models.Hosts.Vtd with { AdvertisedOnly = true },
        ["x86-intel-noir-unsafe"] = Models.Hosts.Vtd with { AdvertisedOnly = true, AllowsUnsafeInterrupts = true },
        ["x86-amd-ir"] = new() { Bridge = HostBridgeKind.AmdVi },
        ["x86-amd-ir-6.1"] = new() { Bridge = HostBridgeKind.AmdVi },
        ["x86-amd-noir"] = new() { Bridge = HostBridgeKind.AmdVi, AdvertisedOnly = true },
        ["arm64-smmuv3-its"] = new() { Bridge = HostBridgeKind.Its },
        ["arm64-smmuv3-its-6.1"] = new() { Bridge = HostBridgeKind.Its },
        ["arm64-acpi-its"] = new() { Bridge = HostBridgeKind.Its },
        ["arm64-smmuv3-gicv2m"] = new() { Bridge = HostBridgeKind.V2m },
        ["arm64-smmuv3-gicv2m-6.1"] = new() { Bridge = HostBridgeKind.V2m },
        ["arm64-acpi-gicv2m"] = new() { Bridge = HostBridgeKind.V2m },
        ["arm64-noiommu-its"] = new() { Bridge = HostBridgeKind.Its, HasIommu = false },
        ["ppc64-powernv9"] = new() { Bridge = HostBridgeKind.Ioda },
        ["s390x-zpci"] = new() { Bridge = HostBridgeKind.S390 },
        ["riscv64-imsic-iommu"] = new() { Bridge = HostBridgeKind.Imsic },
    };

    public static TheoryData<string> Names => [.. Hosts.Keys];

    [Theory, MemberData(nameof(Names))]
    public void The_audit_says_of_a_virtual_host_what_it_says_of_the_real_one(string name)
    {
        (HostAudit captured, AuditedHost host) = Both(name);
        foreach (HostFunction function in host.Host.Functions)
        {
            FunctionAudit real = captured.Functions.Single(other => other.Address == function.Address);
            FunctionAudit made = host.Of(function);
            if (name.EndsWith("-6.1", StringComparison.Ordinal) && real.Evidence is { IommuGroup: null, Driver: null } && function.Group is not null)
            {
                continue; // by device tree Linux 6.1 groups functions as drivers take them, and none took this
            }

            made.Isolation.Verdict.ShouldBe(real.Isolation.Verdict, $"{name} {function}");
            made.Isolation.KernelAccepts.ShouldBe(real.Isolation.KernelAccepts, $"{name} {function}");
            made.Isolation.Platform.ShouldBe(real.Isolation.Platform);
            made.Isolation.InUse.ShouldBe(real.Isolation.InUse, $"{name} {function}");
            made.Node.Bus.Flags.ShouldBe(real.Node.Bus.Flags);
            (made.Evidence.IommuGroup is null).ShouldBe(real.Evidence.IommuGroup is null);
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void Chips_have_the_names_that_the_real_kernel_gives_them(string name)
    {
        (HostAudit captured, AuditedHost host) = Both(name);
        if (captured.Host.KernelIsAtLeast(6, 12))
        {
            Chips(host.Audit.Host).ShouldBe(Chips(captured.Host));
            host.Audit.Host.Interrupts.IoApicChips().ShouldBe(captured.Host.Interrupts.IoApicChips());
        }
    }

    [Theory, MemberData(nameof(Names))]
    public void The_hosts_vfio_pci_attaches_what_the_real_kernel_attached(string name)
    {
        (_, AuditedHost host) = Both(name);
        foreach (KernelAnswer answer in CapturedHost.Open(name).Truth.Where(answer => answer.Attached || answer.Refused))
        {
            host.Attaches((EndpointFunction)host.Host.Find(answer.Address)).ShouldBe(answer.Attached, $"{name} {answer.Address}");
        }
    }

    private static (HostAudit Captured, AuditedHost Host) Both(string name)
    {
        HostEvidence captured = CapturedHost.Open(name).Read();
        return (HostAudit.Of(captured), AuditedHost.Of(Hosts[name], CapturedPlan.Of(captured)));
    }

    // The AMD IOMMU and the RISC-V one are functions, with vectors, that virtual hosts have not.
    private static IEnumerable<string> Chips(HostEvidence host) =>
        host.Functions.Where(function => !IommuUnitEvidence.IsIommu(function)).SelectMany(function => function.MsiIrqs)
            .Select(host.Interrupts.ChipOf).OfType<string>().Select(chip => chip[..chip.IndexOf("PCI-MSI", StringComparison.Ordinal)]).Distinct().Order();
}
