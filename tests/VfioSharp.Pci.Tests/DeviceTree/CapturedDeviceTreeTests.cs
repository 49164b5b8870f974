using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.DeviceTree;

public sealed class CapturedDeviceTreeTests
{
    private const string ArmBridge = "pcie@10000000";
    private const string RiscVBridge = "soc/pci@30000000";

    public static TheoryData<string, string[]> Hosts { get; } = new()
    {
        { "arm64-noiommu-its", [ArmBridge] },
        { "arm64-smmuv3-gicv2m", [ArmBridge] },
        { "arm64-smmuv3-its", [ArmBridge] },
        { "riscv64-imsic-iommu", [RiscVBridge] },
        { "ppc64-powernv9", ["pciex@600c3c0000000", "pciex@600c3c0400000"] },
        { "ppc64-pseries", ["pci@800000020000000", "pci@800000020000001"] },
    };

    [Theory]
    [InlineData("arm64-noiommu-its", "intc@8000000/its@8080000", "arm,gic-v3-its")]
    [InlineData("arm64-smmuv3-its", "intc@8000000/its@8080000", "arm,gic-v3-its")]
    [InlineData("arm64-smmuv3-gicv2m", "intc@8000000/v2m@8020000", "arm,gic-v2m-frame")]
    public void The_msi_map_of_an_arm_host_leads_to_its_controller(string host, string path, string compatible)
    {
        DeviceTreeEvidence evidence = Trees.Captured(host).Bridges(ArmBridge);
        DeviceTreeLookup lookup = evidence.MsiControllerFor(ArmBridge, new RequesterId(0x0018));

        lookup.Outcome.ShouldBe(DeviceTreeLookupOutcome.Found);
        lookup.OutputId.ShouldBe(0x18u);
        lookup.Finding.ShouldBeNull();
        DeviceTreeNode node = lookup.Nodes.ShouldHaveSingleItem();
        node.Path.ShouldBe(path);
        node.Compatible.ShouldBe([compatible]);
        node.Has("msi-controller").ShouldBeTrue();
        node.Phandle.ShouldBe(0x8004u);
        node.IsAvailable.ShouldBeTrue();
    }

    [Theory]
    [InlineData("arm64-smmuv3-its", true)]
    [InlineData("arm64-smmuv3-gicv2m", true)]
    [InlineData("arm64-noiommu-its", false)]
    public void The_iommu_map_of_an_arm_host_leads_to_the_smmu_if_there_is_one(string host, bool hasSmmu)
    {
        DeviceTreeLookup lookup = Trees.Captured(host).Bridges(ArmBridge).IommuFor(ArmBridge, new RequesterId(0x0018));

        lookup.Outcome.ShouldBe(hasSmmu ? DeviceTreeLookupOutcome.Found : DeviceTreeLookupOutcome.NotMapped);
        (lookup.Node?.IsCompatible("arm,smmu-v3") ?? false).ShouldBe(hasSmmu);
    }

    [Fact]
    public void A_captured_bridge_has_its_own_properties()
    {
        DeviceTreeEvidence evidence = Trees.Captured("arm64-smmuv3-its").Bridges(ArmBridge);

        DeviceTreeNode bridge = evidence.HostBridge(ArmBridge).ShouldNotBeNull();
        bridge.Cell("linux,pci-domain").ShouldBe(0u);
        bridge.Has("dma-coherent").ShouldBeTrue();
        bridge.Compatible.ShouldBe(["pci-host-ecam-generic"]);
        bridge.Cells("msi-map").ShouldBe([0u, 0x8004u, 0u, 0x10000u]);
        evidence.Root.ShouldNotBeNull().Compatible.ShouldBe(["linux,dummy-virt"]);
    }

    [Fact]
    public void The_msi_parent_of_the_risc_v_host_is_the_supervisor_imsic_without_guest_files()
    {
        DeviceTreeEvidence evidence = Trees.Captured("riscv64-imsic-iommu").Bridges(RiscVBridge);
        DeviceTreeLookup lookup = evidence.MsiControllerFor(RiscVBridge, new RequesterId(0x0010));

        lookup.Outcome.ShouldBe(DeviceTreeLookupOutcome.Found);
        lookup.OutputId.ShouldBe(0x10u);
        DeviceTreeNode imsic = lookup.Nodes.ShouldHaveSingleItem();
        imsic.Path.ShouldBe("soc/interrupt-controller@28000000");
        imsic.IsCompatible("riscv,imsics").ShouldBeTrue();
        imsic.Cell("riscv,num-ids").ShouldBe(0xffu);
        imsic.Cell("riscv,guest-index-bits").ShouldBeNull();
    }

    // Its iommu-map leaves out 00:01.0, the IOMMU itself: IDs 0 to 7 and 9 up.
    [Theory]
    [InlineData(0x0000, true)]
    [InlineData(0x0007, true)]
    [InlineData(0x0008, false)]
    [InlineData(0x0009, true)]
    [InlineData(0xffff, true)]
    public void The_iommu_map_of_the_risc_v_host_leaves_out_the_iommu_itself(int id, bool translated)
    {
        DeviceTreeEvidence evidence = Trees.Captured("riscv64-imsic-iommu").Bridges(RiscVBridge);
        DeviceTreeLookup lookup = evidence.IommuFor(RiscVBridge, new RequesterId((ushort)id));

        lookup.Outcome.ShouldBe(translated ? DeviceTreeLookupOutcome.Found : DeviceTreeLookupOutcome.NotMapped);
        lookup.OutputId.ShouldBe(translated ? (uint)id : null);
        lookup.Node?.Path.ShouldBe("soc/pci@30000000/iommu@8");
    }

    [Theory]
    [InlineData("ppc64-powernv9", "pciex@600c3c0000000", "ibm,power9-pciex", "ibm,powernv")]
    [InlineData("ppc64-pseries", "pci@800000020000000", "IBM,Logical_PHB", "qemu,pseries")]
    public void A_power_host_names_its_bridges_and_maps_nothing(string host, string bridge, string compatible, string machine)
    {
        DeviceTreeEvidence evidence = Trees.Captured(host).Bridges(bridge);

        evidence.Root.ShouldNotBeNull().IsCompatible(machine).ShouldBeTrue();
        evidence.HostBridge(bridge).ShouldNotBeNull().Compatible.ShouldContain(compatible);
        evidence.MsiControllerFor(bridge, default).ShouldBe(DeviceTreeLookup.NotMapped);
        evidence.IommuFor(bridge, default).ShouldBe(DeviceTreeLookup.NotMapped);
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void What_was_written_back_reads_as_the_same_evidence(string host, string[] bridges)
    {
        MemoryTree whole = Trees.Captured(host);
        DeviceTreeEvidence evidence = whole.Bridges(bridges);
        var written = new MemoryTree();
        evidence.WriteTo(written);

        DeviceTreeEvidence again = written.Bridges(bridges);

        again.IsPresent.ShouldBeTrue();
        again.Contents().ShouldBe(evidence.Contents());
        written.Entries().Count().ShouldBeLessThan(whole.Entries().Count() / 10);
        foreach (string bridge in bridges)
        {
            for (int id = 0; id < 0x10000; id += 7)
            {
                var requester = new RequesterId((ushort)id);
                again.MsiControllerFor(bridge, requester).Shown().ShouldBe(evidence.MsiControllerFor(bridge, requester).Shown());
                again.IommuFor(bridge, requester).Shown().ShouldBe(evidence.IommuFor(bridge, requester).Shown());
            }
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Only_nodes_that_count_are_kept(string host, string[] bridges)
    {
        DeviceTreeEvidence evidence = Trees.Captured(host).Bridges(bridges);

        evidence.IsPresent.ShouldBeTrue();
        evidence.Findings.ShouldBeEmpty();
        evidence.Nodes.Count.ShouldBeInRange(1 + bridges.Length, 3 + bridges.Length);
        evidence.Nodes.Select(node => node.Path).ShouldBe(evidence.Nodes.Select(node => node.Path).Order(StringComparer.Ordinal));
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void Mutated_captured_properties_never_throw_and_read_the_same_when_written_back(string host, string[] bridges)
    {
        var good = new MemoryTree();
        Trees.Captured(host).Bridges(bridges).WriteTo(good);
        MemoryTreeEntry[] entries = [.. good.Entries()];
        Acpi.Fuzz.Run(150, random =>
        {
            var tree = new MemoryTree();
            foreach (MemoryTreeEntry entry in entries)
            {
                tree.AddFile(entry.Path, entry.File!.Value);
            }

            for (int changes = random.Next(1, 4); changes > 0; changes--)
            {
                MemoryTreeEntry entry = entries[random.Next(entries.Length)];
                byte[] content = entry.File!.Value.Content.ToArray();
                tree.AddFile(entry.Path, content.Length == 0 ? [(byte)random.Next(256)] : Acpi.Fuzz.Mutate(random, content));
            }

            DeviceTreeEvidence evidence = tree.Bridges(bridges);
            var written = new MemoryTree();
            evidence.WriteTo(written);
            DeviceTreeEvidence again = written.Bridges(bridges);
            again.Contents().ShouldBe(evidence.Contents());
            foreach (string bridge in bridges)
            {
                var id = new RequesterId((ushort)random.Next(0x10000));
                DeviceTreeLookup lookup = evidence.MsiControllerFor(bridge, id);
                (lookup.Outcome == DeviceTreeLookupOutcome.Found).ShouldBe(lookup.Nodes.Count > 0);
                bool isAnswer = lookup.Outcome is DeviceTreeLookupOutcome.Found or DeviceTreeLookupOutcome.NotMapped;
                (lookup.Finding is null).ShouldBe(isAnswer);
                again.MsiControllerFor(bridge, id).Shown().ShouldBe(lookup.Shown());
                again.IommuFor(bridge, id).Shown().ShouldBe(evidence.IommuFor(bridge, id).Shown());
            }
        });
    }
}
