using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>That the kernel attached a group while its override was off is evidence, and what it is not evidence of.</summary>
public sealed class AttachEvidenceTests
{
    private const string Nvme = "0000:00:03.0";

    private static readonly PciAddress Address = PciAddress.Parse(Nvme);

    public static TheoryData<string> Names => [.. CapturedHost.Names];

    [Theory, MemberData(nameof(Names))]
    public void It_changes_no_verdict_that_the_rest_of_the_evidence_gives(string name)
    {
        HostEvidence host = CapturedHost.Open(name).Read();
        foreach (FunctionEvidence function in host.Functions)
        {
            IsolationAssessment before = MsiIsolationAudit.Assess(host, function.Address);
            IsolationAssessment after = MsiIsolationAudit.Assess(host, function.Address, attached: true);
            after.Verdict.ShouldBe(before.Verdict, $"{function.Address}");
            after.KernelAccepts.ShouldBe(function.IommuGroup is null ? before.KernelAccepts : true, $"{function.Address}");
        }
    }

    [Theory]
    [InlineData("x86-intel-ir")]
    [InlineData("x86-amd-ir")]
    public void It_settles_whether_remapping_is_in_use_where_nothing_else_tells(string name)
    {
        HostEvidence host = Silent(name);
        MsiIsolationAudit.Assess(host, Address).Verdict.ShouldBe(IsolationVerdict.Unknown);
        IsolationAssessment attached = MsiIsolationAudit.Assess(host, Address, attached: true);
        attached.Verdict.ShouldBe(IsolationVerdict.Isolated);
        attached.InUse.ShouldBe(true);
        attached.Findings.ShouldContain(finding => finding.Source == "vfio" && finding.Text.EndsWith("takes the group for isolated", StringComparison.Ordinal));
    }

    [Fact]
    public void It_does_not_outweigh_source_ids_that_are_not_checked()
    {
        HostEvidence host = Silent("x86-intel-ir-nosid");
        IsolationAssessment attached = MsiIsolationAudit.Assess(host, Address, attached: true);
        attached.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        attached.Findings.ShouldContain(finding => finding.Text.Contains("does not outweigh", StringComparison.Ordinal));
        attached.Advice.ShouldNotBeNull();
    }

    [Fact]
    public void It_settles_that_an_ITS_serves_a_function_from_Linux_6_3_on()
    {
        const string Firmware = "^sys/firmware/|/of_node$";
        HostEvidence host = HostEvidence.Read(new AlteredHost("arm64-smmuv3-its").WithoutVectors().Without(Firmware).Tree());
        MsiIsolationAudit.Assess(host, Address).Verdict.ShouldBe(IsolationVerdict.Unknown);
        MsiIsolationAudit.Assess(host, Address, attached: true).Verdict.ShouldBe(IsolationVerdict.Isolated);

        HostEvidence older = HostEvidence.Read(new AlteredHost("arm64-smmuv3-its").WithoutVectors().Without(Firmware)
            .Edit("^proc/sys/kernel/osrelease$|^proc/version$", _ => "6.1.0-arm64\n").Tree());
        MsiIsolationAudit.Assess(older, Address, attached: true).Verdict.ShouldBe(IsolationVerdict.Unknown);
    }

    [Fact]
    public void On_Power_it_says_that_it_tells_nothing() =>
        MsiIsolationAudit.Assess(CapturedHost.Open("ppc64-powernv9").Read(), PciAddress.Parse("0000:01:00.0"), attached: true).Findings
            .ShouldContain(finding => finding.Source == "vfio" && finding.Text.Contains("tells nothing", StringComparison.Ordinal));

    [Fact]
    public void A_chip_of_a_hypervisor_s_stays_unknown()
    {
        HostEvidence host = HostEvidence.Read(new AlteredHost("x86-intel-ir").Edit("^proc/interrupts$|/chip_name$", text =>
            System.Text.RegularExpressions.Regex.Replace(text, @"IR-PCI-MSIX?(-[0-9a-f:.]+)?", "VMD-MSI")).Tree());
        MsiIsolationAudit.Assess(host, Address, attached: true).Verdict.ShouldBe(IsolationVerdict.Unknown);
    }

    // No vectors, no IO-APIC and no log: nothing tells whether remapping is in use.
    private static HostEvidence Silent(string name) =>
        HostEvidence.Read(new AlteredHost(name).WithoutVectors().Without("^proc/interrupts$|^var/log/|^sys/kernel/irq/|^sys/kernel/debug/").Tree());
}
