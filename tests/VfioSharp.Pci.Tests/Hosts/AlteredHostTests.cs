using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>Hosts that were not captured, made from those that were: each trap of the evidence, one at a time.</summary>
public sealed class AlteredHostTests
{
    private const string Nvme = "0000:00:03.0";

    [Theory]
    [InlineData("x86-intel-ir", IsolationVerdict.Isolated)]
    [InlineData("x86-intel-noir", IsolationVerdict.NotIsolated)]
    [InlineData("x86-amd-ir", IsolationVerdict.Isolated)]
    [InlineData("x86-amd-noir", IsolationVerdict.NotIsolated)]
    [InlineData("x86-intel-ir-nosid", IsolationVerdict.NotIsolated)]
    [InlineData("x86-intel-iommu-off", IsolationVerdict.NotIsolated)]
    [InlineData("x86-no-iommu", IsolationVerdict.NotIsolated)]
    [InlineData("arm64-smmuv3-its", IsolationVerdict.Isolated)]
    [InlineData("arm64-smmuv3-gicv2m", IsolationVerdict.NotIsolated)]
    [InlineData("riscv64-imsic-iommu", IsolationVerdict.NotIsolated)]
    public void Functions_without_vectors_are_judged_by_what_speaks_for_them(string host, IsolationVerdict expected) =>
        new AlteredHost(host).WithoutVectors().Audit(Nvme).Isolation.Verdict.ShouldBe(expected);

    [Theory]
    [InlineData("ppc64-powernv9", "0000:01:00.0")]
    [InlineData("ppc64-pseries", "0001:00:00.0")]
    [InlineData("s390x-zpci", "0001:00:00.0")]
    public void Power_and_Z_need_no_vectors(string host, string address) =>
        new AlteredHost(host).WithoutVectors().Audit(address).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);

    [Theory]
    [InlineData("x86-intel-ir")]
    [InlineData("x86-intel-noir")]
    [InlineData("x86-intel-ir-off-by-cmdline")]
    [InlineData("x86-intel-ir-nosid")]
    [InlineData("x86-amd-ir")]
    [InlineData("x86-amd-noir")]
    [InlineData("arm64-smmuv3-its")]
    [InlineData("arm64-smmuv3-gicv2m")]
    [InlineData("ppc64-powernv9")]
    [InlineData("s390x-zpci")]
    public void A_reader_without_privilege_comes_to_the_same_verdict(string host)
    {
        HostAudit privileged = HostAudit.Of(CapturedHost.Open(host).Read());
        HostAudit unprivileged = new AlteredHost(host).Denied("^sys/firmware/acpi/tables/|^var/log/dmesg$").Cut("/config$", 64).Audit();
        unprivileged.Host.Privileged.ShouldBeFalse();
        unprivileged.Host.Unreadable.ShouldContain("var/log/dmesg");
        unprivileged.Functions.Select(f => (f.Address, f.Isolation.Verdict, f.Isolation.KernelAccepts))
            .ShouldBe(privileged.Functions.Select(f => (f.Address, f.Isolation.Verdict, f.Isolation.KernelAccepts)));
    }

    [Fact]
    public void Nothing_readable_is_unknown_and_never_isolated()
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir").WithoutVectors().Without("^proc/interrupts$|^var/log/|^sys/kernel/irq/").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.Unknown);
        function.Isolation.InUse.ShouldBeNull();
        function.Isolation.Advertised.ShouldBe(true);
        function.Isolation.KernelAccepts.ShouldBeNull();
    }

    [Fact]
    public void Without_an_IO_APIC_in_sight_the_log_tells()
    {
        new AlteredHost("x86-intel-ir").WithoutVectors().Without("^proc/interrupts$|^sys/kernel/irq/").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        new AlteredHost("x86-amd-ir").WithoutVectors().Without("^proc/interrupts$|^sys/kernel/irq/").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        new AlteredHost("x86-amd-noir").WithoutVectors().Without("^proc/interrupts$|^sys/kernel/irq/").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
    }

    [Theory]
    [InlineData("VMD-MSI")]
    [InlineData("VMD-PCI-MSIX-0000:00:03.0")]
    [InlineData("Hyper-V PCIe MSI")]
    [InlineData("xen-pirq")]
    [InlineData("Frobnicator-PCI-MSI")]
    public void A_chip_that_no_platform_knows_is_unknown_and_is_printed(string chip)
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir")
            .Edit("^proc/interrupts$", text => text.Replace("IR-PCI-MSIX-0000:00:03.0", chip, StringComparison.Ordinal)).Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.Unknown);
        function.Isolation.KernelAccepts.ShouldBeNull();
        function.Isolation.Findings.ShouldContain(f => f.Text.Contains(chip.Replace("-0000:00:03.0", "", StringComparison.Ordinal), StringComparison.Ordinal));
    }

    [Fact]
    public void Children_of_VMD_without_vectors_are_unknown_although_the_IO_APIC_is_remapped()
    {
        AlteredHost host = new AlteredHost("x86-intel-ir").WithoutVectors();
        var tree = host.Tree();
        const string Folder = "sys/devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:01.0";
        tree.AddLink("sys/bus/pci/devices/10000:e0:01.0", "../../../devices/pci0000:00/0000:00:0e.0/pci10000:e0/10000:e0:01.0");
        tree.AddFile($"{Folder}/vendor", "0x144d\n");
        tree.AddFile($"{Folder}/class", "0x010802\n");
        tree.AddLink($"{Folder}/iommu_group", "../../../../../kernel/iommu_groups/1");
        tree.AddLink($"{Folder}/iommu", "../../../../virtual/iommu/dmar0");
        HostAudit audit = HostAudit.Of(HostEvidence.Read(tree));
        FunctionAudit child = audit.Functions.Single(f => f.Address.Segment == 0x10000);
        child.Isolation.Verdict.ShouldBe(IsolationVerdict.Unknown);
        child.Node.Bus.HasIsolatedMsis.ShouldBeFalse();
        child.Node.Bus.HostBridge.Evidence.IsBehindFunction.ShouldBeTrue();

        // It shares group 1 with the NVMe function here: the group is as unknown as its worst member.
        audit.Functions.Single(f => f.Address == PciAddress.Parse(Nvme)).Isolation.Verdict.ShouldBe(IsolationVerdict.Unknown);
    }

    [Theory]
    [InlineData("vfio_iommu_type1")]
    [InlineData("iommufd")]
    public void Either_override_makes_the_kernel_accept_and_leaves_the_verdict(string module)
    {
        FunctionAudit function = new AlteredHost("x86-intel-noir").With($"sys/module/{module}/parameters/allow_unsafe_interrupts", "Y\n").Audit(Nvme);
        function.Isolation.KernelAccepts.ShouldBe(true);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.Findings.ShouldContain(f => f.Source.Contains(module, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("proc/cmdline", "quiet vfio_iommu_type1.allow_unsafe_interrupts=1\n", true)]
    [InlineData("proc/cmdline", "quiet vfio-iommu-type1.allow_unsafe_interrupts\n", true)]
    [InlineData("proc/cmdline", "quiet -- vfio_iommu_type1.allow_unsafe_interrupts=1\n", false)]
    [InlineData("etc/modprobe.d/vfio.conf", "# comment\noptions vfio_iommu_type1 allow_unsafe_interrupts=1\n", true)]
    [InlineData("etc/modprobe.d/vfio.conf", "#options vfio_iommu_type1 allow_unsafe_interrupts=1\n", false)]
    public void An_override_that_awaits_a_module_not_yet_loaded_counts(string path, string text, bool accepts) =>
        new AlteredHost("x86-intel-noir").Without("^sys/module/vfio_iommu_type1/").With(path, text).Audit(Nvme).Isolation.KernelAccepts.ShouldBe(accepts);

    [Fact]
    public void The_chip_names_of_Linux_6_1_are_understood()
    {
        static string Old(string text) => System.Text.RegularExpressions.Regex.Replace(text, "(PCI-MSI)X?-0000:00:[0-9a-f.]+ +0-edge", "$1 49152-edge");
        new AlteredHost("x86-intel-ir").Edit("^proc/interrupts$", Old).Audit(Nvme).Isolation.Findings.ShouldContain(f => f.Text.Contains("IR-PCI-MSI:", StringComparison.Ordinal));
        new AlteredHost("x86-intel-noir").Edit("^proc/interrupts$", Old).Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        new AlteredHost("arm64-smmuv3-its")
            .Edit("^proc/interrupts$", text => System.Text.RegularExpressions.Regex.Replace(text, "ITS-PCI-MSIX-0000:00:[0-9a-f.]+", "ITS-MSI"))
            .Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        new AlteredHost("arm64-smmuv3-gicv2m")
            .Edit("^proc/interrupts$", text => System.Text.RegularExpressions.Regex.Replace(text, "GICv2m-PCI-MSIX-0000:00:[0-9a-f.]+", "MSI"))
            .Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
    }

    [Fact]
    public void Where_a_function_does_not_name_its_IOMMU_the_IOMMU_names_the_function() =>
        new AlteredHost("x86-intel-ir").WithoutVectors().Without("0000:00:[0-9a-f.]+/iommu$").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);

    [Fact]
    public void Nosid_is_Intels_alone() =>
        new AlteredHost("x86-amd-ir").With("proc/cmdline", "intremap=nosid\n").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);

    [Theory]
    [InlineData("intremap=on,nosid")]
    [InlineData("intremap=nosid intremap=on")]
    public void Nosid_is_found_among_other_words(string commandLine) =>
        new AlteredHost("x86-intel-ir").With("proc/cmdline", commandLine + "\n").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);

    // The kernel's words, drivers/iommu/intel/irq_remapping.c.
    [Theory]
    [InlineData("xapic", IsolationVerdict.NotIsolated, false)]
    [InlineData("x2apic", IsolationVerdict.Isolated, true)]
    public void Messages_that_name_no_entry_pass_outside_x2apic_mode_where_the_kernel_warns_of_them(string mode, IsolationVerdict expected, bool flag)
    {
        AlteredHost host = new AlteredHost("x86-intel-ir").Edit("^var/log/dmesg$", log => log.Replace(
            "[    0.032000] DMAR-IR: Enabled IRQ remapping in xapic mode",
            $"[    0.031000] Compatibility-format IRQs enabled despite intr remapping;\nyou are vulnerable to IRQ injection.\n[    0.032000] DMAR-IR: Enabled IRQ remapping in {mode} mode",
            StringComparison.Ordinal));
        foreach (FunctionAudit function in (FunctionAudit[])[host.Audit(Nvme), host.WithoutVectors().Audit(Nvme)])
        {
            function.Isolation.Verdict.ShouldBe(expected);
            function.Isolation.KernelAccepts.ShouldBe(true);
            function.Isolation.Findings.ShouldContain(finding => finding.Source == "kernel log" && finding.Text.StartsWith("Compatibility-format", StringComparison.Ordinal));
            function.Node.Bus.HasIsolatedMsis.ShouldBe(flag);
        }
    }

    [Fact]
    public void An_arm64_host_without_an_MSI_controller_is_not_isolated()
    {
        FunctionAudit function = new AlteredHost("arm64-smmuv3-its").WithoutVectors().Without("/pcie@10000000/msi-map$").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.KernelAccepts.ShouldBe(false);
    }

    [Fact]
    public void An_ITS_behind_a_pre_ITS_is_not_isolated() =>
        new AlteredHost("arm64-smmuv3-its").With("sys/firmware/devicetree/base/intc@8000000/its@8080000/socionext,synquacer-pre-its", "\0\0\0\0")
            .Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);

    [Fact]
    public void A_passthrough_group_is_no_evidence() =>
        new AlteredHost("x86-intel-ir").Edit("iommu_groups/.*/type$", _ => "identity\n").Audit(Nvme).Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);

    [Fact]
    public void A_group_of_no_IOMMU_mode_is_not_isolated_and_not_assignable()
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir").With("sys/kernel/iommu_groups/1/name", "vfio-noiommu\n").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Assignability.IsAssignable.ShouldBeFalse();
    }

    [Fact]
    public void A_group_that_firmware_pins_is_refused_by_the_kernel_though_isolated()
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir")
            .With("sys/kernel/iommu_groups/1/reserved_regions", "0x000000007a000000 0x000000007effffff direct\n").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        function.Isolation.KernelAccepts.ShouldBe(false);
    }

    [Fact]
    public void A_group_is_judged_by_its_worst_member()
    {
        FunctionAudit function = new AlteredHost("x86-intel-ir-rich")
            .Edit("^proc/interrupts$", text => text.Replace("IR-PCI-MSIX-0000:00:08.1", "PCI-MSIX-0000:00:08.1", StringComparison.Ordinal))
            .Audit("0000:00:08.0");
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.NotIsolated);
        function.Isolation.Findings.ShouldContain(f => f.Text.Contains("0000:00:08.1", StringComparison.Ordinal));
    }

    [Fact]
    public void The_kernels_own_flag_is_believed_where_debugfs_shows_it()
    {
        const string Domain = "sys/kernel/debug/irq/domains/IR-PCI-MSIX-0000:00:03.0-12";
        FunctionAudit function = new AlteredHost("x86-intel-ir").WithoutVectors().Without("^proc/interrupts$|^var/log/|^sys/kernel/irq/")
            .With(Domain, "name:   IR-PCI-MSIX-0000:00:03.0-12\n parent: INTEL-IR-0\n     flags:  0x00000103\n            IRQ_DOMAIN_FLAG_ISOLATED_MSI\n").Audit(Nvme);
        function.Isolation.Verdict.ShouldBe(IsolationVerdict.Isolated);
        function.Isolation.KernelAccepts.ShouldBe(true);
    }

    [Fact]
    public void A_machine_that_nothing_identifies_is_unknown()
    {
        HostAudit audit = new AlteredHost("arm64-smmuv3-its").Without("^proc/cpuinfo$|/iommu(/|$)").Audit();
        audit.Host.Architecture.ShouldBeNull();
        audit.Functions.Where(f => f.Isolation.Verdict != IsolationVerdict.Unknown).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("mlx5_vfio_pci", true)]
    [InlineData("vfio-pci", true)]
    [InlineData("pci-stub", true)]
    [InlineData("pcieport", true)]
    [InlineData("nvme", false)]
    public void Only_drivers_that_leave_DMA_alone_do_not_block(string driver, bool assignable)
    {
        HostAudit audit = new AlteredHost("x86-intel-ir").Without("0000:00:1f.[02]/driver$").Audit();
        Assert.True(audit.Functions.Single(f => f.Address == PciAddress.Parse("0000:00:1f.3")).Assignability.IsAssignable);

        var tree = new AlteredHost("x86-intel-ir").Without("0000:00:1f.[02]/driver$").Tree();
        tree.AddLink("sys/devices/pci0000:00/0000:00:1f.0/driver", $"../../../bus/pci/drivers/{driver}");
        FunctionAudit function = HostAudit.Of(HostEvidence.Read(tree)).Functions.Single(f => f.Address == PciAddress.Parse("0000:00:1f.3"));
        function.Assignability.IsAssignable.ShouldBe(assignable);
        function.Assignability.Blockers.ShouldBe(assignable ? [] : ["0000:00:1f.0"]);
    }
}
