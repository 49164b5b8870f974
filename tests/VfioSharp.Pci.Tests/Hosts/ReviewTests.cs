using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>Hosts known from the kernel's sources alone: what an operator of one must not be told.</summary>
public sealed class ReviewTests
{
    private const string Nvme = "0000:00:03.0";
    private const string Release = "proc/sys/kernel/osrelease";
    private const string HidesChips = "^proc/interrupts$|^sys/kernel/irq/";

    [Theory]
    [InlineData("6.12.107+deb13-s390x", MsixTableReason.BackendCannotMap)]
    [InlineData("6.15.0", MsixTableReason.MsisIsolated)]
    public void On_s390x_vfio_pci_maps_nothing_before_Linux_6_15(string kernel, MsixTableReason reason) =>
        new AlteredHost("s390x-zpci").With(Release, kernel + "\n").Edit("/mio_enabled$", _ => "1\n")
            .Audit("0001:00:00.0").Table!.Reason.ShouldBe(reason);

    [Theory]
    [InlineData("5.18.0-powerpc64le", true)]
    [InlineData("5.19.0-powerpc64le", null)]
    [InlineData("6.1.0-32-powerpc64le", null)]
    [InlineData("6.4.0-powerpc64le", true)]
    public void On_Power_some_kernels_may_refuse_whatever_is_isolated(string kernel, bool? accepts)
    {
        IsolationAssessment isolation = new AlteredHost("ppc64-powernv9").With(Release, kernel + "\n").Audit("0000:01:00.0").Isolation;
        isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        isolation.KernelAccepts.ShouldBe(accepts);
        isolation.Findings.Any(f => f.Text.Contains("EINVAL", StringComparison.Ordinal)).ShouldBe(accepts is null);
    }

    [Theory]
    [InlineData("5.10.0-30-amd64", true)]
    [InlineData("6.1.0-32-amd64", false)]
    public void A_bridge_with_a_driver_of_its_own_was_no_obstacle_before_Linux_5_19(string kernel, bool assignable)
    {
        MemoryTree tree = new AlteredHost("x86-intel-ir-rich").With(Release, kernel + "\n").Without("0000:07:0[13].0/driver$").Tree();
        tree.AddLink("sys/devices/pci0000:00/0000:00:02.2/0000:06:00.0/driver", "../../../../bus/pci/drivers/shpchp");
        FunctionAudit function = HostAudit.Of(HostEvidence.Read(tree)).Functions.Single(f => f.Address == PciAddress.Parse("0000:07:01.0"));
        function.Evidence.IommuGroup.ShouldBe(22);
        function.Assignability.IsAssignable.ShouldBe(assignable);
    }

    [Fact]
    public void A_table_of_interrupts_that_kexec_could_not_copy_is_no_sign_that_remapping_is_off()
    {
        const string Log = "[    0.10] DMAR-IR: Failed to copy IR table for dmar0 from previous kernel\n[    0.11] DMAR-IR: Enabled IRQ remapping in x2apic mode\n[    9.0] DMAR-IR: Failed to setup IRQ 44 for posted mode\n";
        new AlteredHost("x86-intel-ir").WithoutVectors().Without(HidesChips).With("var/log/dmesg", Log).Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
    }

    [Theory]
    [InlineData("DMAR-IR: Not enabling interrupt remapping")]
    [InlineData("DMAR-IR: Failed to setup irq remapping for dmar1")]
    [InlineData("DMAR-IR: Failed to enable irq remapping. You are vulnerable to irq-injection attacks.")]
    public void What_the_kernel_logs_when_it_gives_up_remapping_is_understood(string line)
    {
        IsolationAssessment isolation = new AlteredHost("x86-intel-noir").WithoutVectors().Without(HidesChips)
            .With("var/log/dmesg", $"[    0.100000][    T0] {line}\n").Audit(Nvme).Isolation;
        isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        isolation.Findings.ShouldContain(new IsolationFinding("kernel log", line));
    }

    [Theory]
    [InlineData("irqchip.gicv3_nolpi=1")]
    [InlineData("iommu.passthrough=1 irqchip.gicv3_nolpi=y")]
    public void An_ITS_that_the_kernel_was_told_to_leave_alone_delivers_nothing(string commandLine)
    {
        IsolationAssessment isolation = new AlteredHost("arm64-smmuv3-its").WithoutVectors().Without("^var/log/").With("proc/cmdline", commandLine + "\n").Audit(Nvme).Isolation;
        isolation.InUse.ShouldBe(false);
        isolation.Advertised.ShouldBe(true);
        isolation.KernelAccepts.ShouldBe(false);
        isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        isolation.Advice!.ShouldContain("gicv3_nolpi");
    }

    [Fact]
    public void An_ITS_that_delivers_vectors_is_in_use_whatever_the_command_line_says() =>
        new AlteredHost("arm64-smmuv3-its").With("proc/cmdline", "irqchip.gicv3_nolpi=0\n").WithoutVectors().Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);

    [Theory]
    [InlineData("VMD-PCI-MSIX")]
    [InlineData("HV-PCI-MSIX")]
    public void A_strangers_interrupt_domain_tells_what_the_kernel_answers_and_no_more(string prefix)
    {
        string domain = $"sys/kernel/debug/irq/domains/{prefix}-0000:00:03.0-12";
        IsolationAssessment isolation = new AlteredHost("x86-intel-ir").WithoutVectors().Without(HidesChips + "|^var/log/")
            .With(domain, "name:   x\n parent: INTEL-IR-0\n            IRQ_DOMAIN_FLAG_ISOLATED_MSI\n").Audit(Nvme).Isolation;
        isolation.Verdict.ShouldBe(IsolationVerdict.Unknown);
        isolation.InUse.ShouldBeNull();
        isolation.KernelAccepts.ShouldBe(true);
    }

    [Fact]
    public void A_Hyper_V_guest_s_remapped_IO_APIC_says_nothing_of_messages()
    {
        // No IOMMU, no DMAR: Hyper-V's IO-APIC driver alone makes the name (drivers/iommu/hyperv-iommu.c).
        FunctionAudit function = new AlteredHost("x86-no-iommu").WithoutVectors()
            .Edit("^proc/interrupts$", text => text.Replace("  IO-APIC", "  IR-IO-APIC", StringComparison.Ordinal)).Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.InUse.ShouldBeNull();
        function.Isolation.Findings.ShouldNotContain(f => f.Text.Contains("messages are filtered", StringComparison.Ordinal));
    }

    [Fact]
    public void The_IO_APIC_does_not_speak_for_a_function_that_a_working_IOMMU_leaves_out()
    {
        // intel_iommu=igfx_off leaves the graphics device's unit alone, remapping table and all.
        FunctionAudit function = new AlteredHost("x86-intel-ir").WithoutVectors().Without("0000:00:03.0/iommu(_group)?$").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.InUse.ShouldBeNull();
    }

    [Theory]
    [InlineData("x86-intel-ir", IsolationVerdict.Isolated)]
    [InlineData("x86-intel-noir", IsolationVerdict.NotIsolated)]
    public void Where_the_list_of_interrupts_is_masked_sysfs_still_names_the_IO_APIC(string host, IsolationVerdict verdict) =>
        new AlteredHost(host).WithoutVectors().Without("^proc/interrupts$|^var/log/").Audit(Nvme).Isolation.Verdict.ShouldBe(verdict);

    [Theory]
    [InlineData("intremap=off intremap=on", false)]
    [InlineData("intremap=on,off", true)]
    [InlineData("nointremap intremap=on", false)]
    [InlineData("intremap=on nointremap", true)]
    public void The_last_word_on_intremap_counts(string commandLine, bool off)
    {
        foreach (string host in (string[])["x86-intel-ir", "x86-amd-ir"])
        {
            new AlteredHost(host).With("proc/cmdline", commandLine + "\n").Audit(Nvme).Isolation.Findings
                .Any(f => f.Text.Contains("told not to remap", StringComparison.Ordinal)).ShouldBe(off);
        }
    }

    [Theory]
    [InlineData("6.12.0", null)]
    [InlineData("6.2.0", true)]
    public void What_the_kernel_says_of_a_group_with_a_platform_device_cannot_be_told_from_its_functions(string kernel, bool? accepts)
    {
        // The host bridge's own platform device shares its functions' stream ID on some arm64 boards (tegra194-pcie).
        MemoryTree tree = new AlteredHost("arm64-smmuv3-its").With(Release, kernel + "\n").Tree();
        FunctionAudit before = HostAudit.Of(HostEvidence.Read(tree)).Functions.Single(f => f.Address == PciAddress.Parse(Nvme));
        before.Isolation.KernelAccepts.ShouldBe(true);
        tree.AddFolder($"sys/kernel/iommu_groups/{before.Evidence.IommuGroup}/devices/14180000.pcie");
        IsolationAssessment isolation = HostAudit.Of(HostEvidence.Read(tree)).Functions.Single(f => f.Address == PciAddress.Parse(Nvme)).Isolation;
        isolation.KernelAccepts.ShouldBe(accepts);
        isolation.Findings.ShouldContain(f => f.Text.Contains("14180000.pcie", StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("VMD-MSI", "VMD")]
    [InlineData("xen-pirq", "Xen")]
    [InlineData("Hyper-V PCIe MSI", "Hyper-V")]
    public void No_advice_is_given_that_cannot_help(string chip, string about)
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir")
            .Edit("^proc/interrupts$", text => text.Replace("IR-PCI-MSIX-0000:00:03.0", chip, StringComparison.Ordinal)).Audit(Nvme);
        function.Isolation.Advice.ShouldNotBeNull().ShouldNotContain("intel_iommu=on");
        function.Isolation.Advice.ShouldContain(about);
    }

    [Fact]
    public void An_ACS_override_is_said_to_make_groups_smaller_than_hardware_does() =>
        new AlteredHost("x86-intel-ir").With("proc/cmdline", "quiet pcie_acs_override=downstream,multifunction\n").Audit(Nvme).Isolation.Findings
            .ShouldContain(f => f.Source == "proc/cmdline" && f.Text.Contains("pcie_acs_override", StringComparison.Ordinal));

    [Theory]
    [InlineData("6.12.0", "", true)]
    [InlineData("6.12.0", "dma-coherent", null)]
    [InlineData("5.18.0", "dma-coherent", true)]
    public void VFIO_refuses_what_hangs_on_an_SMMU_that_is_not_coherent(string kernel, string without, bool? accepts)
    {
        AlteredHost host = new AlteredHost("arm64-smmuv3-its").With(Release, kernel + "\n");
        host = without.Length == 0 ? host : host.Without($"devicetree/base/(smmuv3@[0-9a-f]+/)?{without}$");
        IsolationAssessment isolation = host.Audit(Nvme).Isolation;
        isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        isolation.KernelAccepts.ShouldBe(accepts);
    }
}
