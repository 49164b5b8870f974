using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>The audit against real kernels: what it says before anything is bound is what the kernel then decided.</summary>
public sealed class CapturedHostTests
{
    public static TheoryData<string> Hosts => [.. CapturedHost.Names];

    private static bool OverrideIsOn(string host) => host == "x86-intel-noir-unsafe";

    private static bool SourcesAreUnchecked(string host) => host is "x86-intel-ir-nosid" or "x86-intel-ir-nosid-6.1";

    [Fact]
    public void All_thirty_seven_captured_hosts_are_here() => CapturedHost.Names.Count.ShouldBe(37);

    [Theory]
    [MemberData(nameof(Hosts))]
    public void What_the_kernel_accepts_is_foretold(string name)
    {
        CapturedHost host = CapturedHost.Open(name);
        HostAudit audit = HostAudit.Of(host.Read());
        foreach (KernelAnswer answer in host.Truth)
        {
            FunctionAudit function = audit.Functions.Single(f => f.Address == answer.Address);
            function.Evidence.IommuGroup.ShouldBe(answer.Group);
            if (answer.Attached || answer.Refused)
            {
                function.Isolation.KernelAccepts.ShouldBe(answer.Attached, $"{name} {answer.Address} {answer.Verdict}");
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_verdict_is_what_the_kernel_decided_but_for_nosid_and_the_override(string name)
    {
        CapturedHost host = CapturedHost.Open(name);
        HostAudit audit = HostAudit.Of(host.Read());
        foreach (KernelAnswer answer in host.Truth.Where(answer => answer.Attached || answer.Refused))
        {
            IsolationVerdict expected = answer.Attached && !OverrideIsOn(name) && !SourcesAreUnchecked(name)
                ? IsolationVerdict.Isolated : IsolationVerdict.NotIsolated;
            audit.Functions.Single(f => f.Address == answer.Address).Isolation.Verdict.ShouldBe(expected, $"{name} {answer.Address}");
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_function_without_a_group_is_neither_isolated_nor_assignable_nor_accepted(string name)
    {
        foreach (FunctionAudit function in HostAudit.Of(CapturedHost.Open(name).Read()).Functions.Where(f => f.Evidence.IommuGroup is null))
        {
            function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
            function.Isolation.KernelAccepts.ShouldBe(false);
            function.Assignability.IsAssignable.ShouldBeFalse();
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void The_table_lies_where_VFIO_saw_it(string name)
    {
        CapturedHost host = CapturedHost.Open(name);
        HostAudit audit = HostAudit.Of(host.Read());
        foreach (KernelAnswer answer in host.Truth.Where(answer => answer.Attached))
        {
            FunctionAudit function = audit.Functions.Single(f => f.Address == answer.Address);
            (function.Msix?.Capability.Vectors).ShouldBe(answer.Vectors);
            (function.Msix?.TableBar).ShouldBe(answer.TableBar);
            (function.Msix?.Table?.Offset).ShouldBe(answer.TableOffset);
            (function.Msix?.PbaBar).ShouldBe(answer.PbaBar);
            (function.Msix?.Pba?.Offset).ShouldBe(answer.PbaOffset);
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Evidence_written_and_read_again_is_judged_the_same(string name)
    {
        HostEvidence first = CapturedHost.Open(name).Read();
        var tree = new MemoryTree();
        first.WriteTo(tree);
        HostEvidence second = HostEvidence.Read(tree);

        HostAudit before = HostAudit.Of(first);
        HostAudit after = HostAudit.Of(second);
        second.Architecture.ShouldBe(first.Architecture);
        second.KernelRelease.ShouldBe(first.KernelRelease);
        second.PageSize.ShouldBe(first.PageSize);
        second.Privileged.ShouldBe(first.Privileged);
        second.Unreadable.ShouldBe(first.Unreadable);
        after.Topology.HostBridges.Select(b => (b.RootBus.ToString(), b.RootBus.Flags, string.Join(";", b.Findings)))
            .ShouldBe(before.Topology.HostBridges.Select(b => (b.RootBus.ToString(), b.RootBus.Flags, string.Join(";", b.Findings))));
        after.Functions.Length.ShouldBe(before.Functions.Length);
        foreach ((FunctionAudit a, FunctionAudit b) in before.Functions.Zip(after.Functions))
        {
            b.Address.ShouldBe(a.Address);
            b.Evidence.Driver.ShouldBe(a.Evidence.Driver);
            b.Isolation.Findings.ShouldBe(a.Isolation.Findings);
            b.Isolation.KernelAccepts.ShouldBe(a.Isolation.KernelAccepts);
            b.Isolation.Verdict.ShouldBe(a.Isolation.Verdict);
            b.Assignability.Blockers.ShouldBe(a.Assignability.Blockers);
            b.Table?.Explain().ShouldBe(a.Table?.Explain());
            (b.Table?.Mapped.ToArray() ?? []).ShouldBe(a.Table?.Mapped.ToArray() ?? []);
        }
    }

    [Fact]
    public void Nosid_is_not_isolated_and_the_kernel_accepts_it()
    {
        FunctionAudit function = HostAudit.Of(CapturedHost.Open("x86-intel-ir-nosid").Read(), [PciAddress.Parse("0000:00:03.0")]).Functions.Single();
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.InUse.ShouldBe(true);
        function.Isolation.KernelAccepts.ShouldBe(true);
        function.Isolation.Findings.ShouldContain(finding => finding.Source == "proc/cmdline" && finding.Text.Contains("nosid", StringComparison.Ordinal));
        function.Table!.Access.ShouldBe(MsixTableAccess.Trapped);
        function.Table.Reason.ShouldBe(MsixTableReason.MsisNotIsolated);
    }

    [Fact]
    public void Remapping_switched_off_on_the_command_line_is_advertised_and_not_in_use()
    {
        foreach (FunctionAudit function in HostAudit.Of(CapturedHost.Open("x86-intel-ir-off-by-cmdline").Read()).Functions)
        {
            function.Isolation.Advertised.ShouldBe(true);
            function.Isolation.InUse.ShouldBe(false);
        }
    }

    [Fact]
    public void An_IOMMU_switched_off_leaves_the_bus_flag_and_the_verdict_at_odds_and_says_so()
    {
        HostAudit audit = HostAudit.Of(CapturedHost.Open("x86-intel-iommu-off").Read());
        audit.Topology.HostBridges.ShouldAllBe(bridge => bridge.RootBus.HasIsolatedMsis);
        foreach (FunctionAudit function in audit.Functions)
        {
            function.Isolation.InUse.ShouldBe(true);
            function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
            function.Isolation.Findings.ShouldContain(finding => finding.Source == "bus flag");
            function.Isolation.Findings.ShouldContain(finding => finding.Text.Contains("untranslated", StringComparison.Ordinal));
        }
    }

    [Theory]
    [InlineData("x86-intel-ir", true)]
    [InlineData("x86-intel-ir-rich", true)]
    [InlineData("x86-intel-ir-nosid", false)]
    [InlineData("x86-intel-noir", false)]
    [InlineData("x86-intel-noir-unsafe", false)]
    [InlineData("x86-intel-ir-off-by-cmdline", false)]
    [InlineData("x86-amd-ir", true)]
    [InlineData("x86-amd-noir", false)]
    [InlineData("x86-no-iommu", false)]
    [InlineData("x86-intel-ir-6.1", true)]
    [InlineData("x86-intel-ir-nosid-6.1", false)]
    [InlineData("x86-intel-noir-6.1", false)]
    [InlineData("x86-intel-ir-pt", true)]
    [InlineData("x86-intel-noir-pt", false)]
    [InlineData("x86-intel-ir-vf", true)]
    [InlineData("x86-amd-ir-6.1", true)]
    [InlineData("x86-virtio-iommu", false)]
    [InlineData("x86-virtio-iommu-failed", false)]
    [InlineData("arm64-smmuv3-its", true)]
    [InlineData("arm64-smmuv3-gicv2m", false)]
    [InlineData("arm64-noiommu-its", true)]
    [InlineData("arm64-smmuv3-noits", false)]
    [InlineData("arm64-smmuv3-its-6.1", true)]
    [InlineData("arm64-smmuv3-gicv2m-6.1", false)]
    [InlineData("arm64-acpi-its", true)]
    [InlineData("arm64-acpi-its-bypass", true)]
    [InlineData("arm64-acpi-gicv2m", false)]
    [InlineData("arm64-acpi-noits", false)]
    [InlineData("arm64-virtio-iommu-its", true)]
    [InlineData("arm64-virtio-iommu-its-6.12", true)]
    [InlineData("arm64-virtio-iommu-gicv2m", false)]
    [InlineData("ppc64-powernv9", true)]
    [InlineData("ppc64-pseries", true)]
    [InlineData("s390x-zpci", true)]
    [InlineData("riscv64-imsic-iommu", false)]
    public void Root_buses_are_flagged_by_their_host_bridges_guarantee(string name, bool flagged) =>
        HostAudit.Of(CapturedHost.Open(name).Read()).Topology.HostBridges.ShouldAllBe(bridge => bridge.RootBus.HasIsolatedMsis == flagged);

    [Fact]
    public void A_host_bridge_that_the_firmware_exempts_from_remapping_is_not_flagged_and_its_functions_messages_are_not_called_filtered()
    {
        HostAudit audit = HostAudit.Of(CapturedHost.Open("x86-intel-ir-bypass").Read());
        audit.Topology.HostBridges.Select(bridge => (bridge.RootBus.ToString(), bridge.RootBus.HasIsolatedMsis))
            .ShouldBe([("0000:00", true), ("0000:40", false)]);
        foreach (FunctionAudit function in audit.Functions)
        {
            bool exempt = function.Address.Bus >= 0x40;
            function.Isolation.InUse.ShouldBe(!exempt);
            function.Isolation.Findings.Any(finding => finding.Text.StartsWith("no remapping unit covers", StringComparison.Ordinal)).ShouldBe(exempt);
        }
    }

    [Theory]
    [InlineData("arm64-virtio-iommu-its", true)]
    [InlineData("arm64-virtio-iommu-its-6.12", false)]
    [InlineData("arm64-virtio-iommu-gicv2m", false)]
    [InlineData("x86-virtio-iommu", false)]
    public void MSI_X_is_said_to_fail_behind_a_virtio_iommu_only_where_the_kernel_attaches_and_then_fails(string name, bool said)
    {
        foreach (FunctionAudit function in HostAudit.Of(CapturedHost.Open(name).Read()).Functions.Where(f => f.Evidence.IommuGroup is not null))
        {
            function.Isolation.Findings.Any(finding => finding.Text.Contains("ENOSPC", StringComparison.Ordinal)).ShouldBe(said);
        }
    }

    [Theory]
    [InlineData("arm64-noiommu-its", "SMMU")]
    [InlineData("arm64-smmuv3-gicv2m", "ITS")]
    [InlineData("arm64-acpi-noits", "ITS")]
    public void Advice_names_what_the_host_lacks(string name, string missing)
    {
        foreach (FunctionAudit function in HostAudit.Of(CapturedHost.Open(name).Read()).Functions)
        {
            function.Isolation.Advice!.Contains("give it an SMMU", StringComparison.Ordinal).ShouldBe(missing == "SMMU");
            function.Isolation.Advice.Contains("needs a machine whose host bridge signals through a GICv3 ITS", StringComparison.Ordinal).ShouldBe(missing == "ITS");
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Flag_and_verdict_agree_on_every_function_with_a_group(string name)
    {
        foreach (FunctionAudit function in HostAudit.Of(CapturedHost.Open(name).Read()).Functions.Where(f => f.Evidence.IommuGroup is not null))
        {
            function.Node.Bus.HasIsolatedMsis.ShouldBe(function.Isolation.Verdict == IsolationVerdict.Isolated, $"{name} {function.Address}");
            function.Isolation.Findings.ShouldNotContain(finding => finding.Source == "bus flag");
        }
    }
}
