using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;
using static VfioSharp.Pci.DeviceTree.DeviceTreeLookupOutcome;

namespace VfioSharp.Pci.Tests.DeviceTree;

public sealed class DeviceTreeEvidenceTests
{
    private static readonly RequesterId Id = new(0x0118);

    [Fact]
    public void A_host_without_a_device_tree_has_no_evidence()
    {
        DeviceTreeEvidence evidence = new MemoryTree().Bridges("pcie");

        evidence.IsPresent.ShouldBeFalse();
        evidence.Root.ShouldBeNull();
        evidence.Nodes.ShouldBeEmpty();
        evidence.HostBridge("pcie").ShouldBeNull();
        evidence.MsiControllerFor("pcie", Id).Outcome.ShouldBe(Unknown);
        evidence.IommuFor("pcie", Id).Outcome.ShouldBe(Unknown);
    }

    [Fact]
    public void A_tree_with_nothing_but_the_boot_loader_s_notes_does_not_count()
    {
        new MemoryTree().Text("chosen", "bootargs", "quiet").Text("", "name", "").Bridges().IsPresent.ShouldBeFalse();
    }

    [Fact]
    public void A_root_that_could_not_be_read_does_not_count()
    {
        var tree = new MemoryTree();
        tree.AddFile($"{Trees.Base}/compatible", HostFile.Denied);

        tree.Bridges().IsPresent.ShouldBeFalse();
    }

    [Theory]
    [InlineData("pcie")]
    [InlineData("/pcie")]
    [InlineData("/pcie/")]
    [InlineData("intc/../pcie")]
    public void A_path_may_be_written_in_several_ways(string path)
    {
        DeviceTreeEvidence evidence = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 0x10000).Bridges(path, "pcie");

        evidence.HostBridge(path).ShouldNotBeNull().Path.ShouldBe("pcie");
        evidence.MsiControllerFor("pcie", Id).Outcome.ShouldBe(Found);
        evidence.MsiControllerFor(path, Id).Outcome.ShouldBe(Found);
    }

    [Fact]
    public void A_bridge_that_was_not_asked_for_is_unknown_although_its_node_was_kept()
    {
        DeviceTreeEvidence evidence = Trees.Machine().Node("pcie", "msi-parent", 2).Bridges("pcie");

        evidence.MsiControllerFor("intc/its@2", Id).Finding.ShouldBe("the device tree has no node /intc/its@2, or it was not read");
    }

    [Fact]
    public void Null_arguments_are_refused()
    {
        Should.Throw<ArgumentNullException>(() => DeviceTreeEvidence.Read(null!, []));
        Should.Throw<ArgumentNullException>(() => DeviceTreeEvidence.Read(new MemoryTree(), null!));
        Should.Throw<ArgumentNullException>(() => new MemoryTree().Bridges().WriteTo(null!));
        Should.Throw<ArgumentNullException>(() => new MemoryTree().Bridges().MsiControllerFor(null!, Id));
    }

    [Fact]
    public void Without_a_map_the_msi_parent_takes_the_messages_with_their_ids_unchanged()
    {
        MemoryTree tree = Trees.Machine().Node("imsic", "phandle", 9).Node("pcie", "msi-parent", 9);
        DeviceTreeLookup lookup = tree.Bridges("pcie").MsiControllerFor("pcie", Id);

        lookup.Outcome.ShouldBe(Found);
        lookup.Node!.Path.ShouldBe("imsic");
        lookup.OutputId.ShouldBe(0x118u);
    }

    [Fact]
    public void A_map_that_does_not_cover_the_id_leaves_it_to_the_msi_parent()
    {
        MemoryTree tree = Trees.Machine().Node("imsic", "phandle", 9).Node("pcie", "msi-parent", 9).Node("pcie", "msi-map", 0, 1, 0, 0x100);
        DeviceTreeEvidence evidence = tree.Bridges("pcie");

        evidence.MsiControllerFor("pcie", new RequesterId(0x00ff)).Node!.Path.ShouldBe("intc/its@1");
        evidence.MsiControllerFor("pcie", Id).Node!.Path.ShouldBe("imsic");
    }

    [Fact]
    public void A_malformed_map_is_not_hidden_by_an_msi_parent()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-parent", 1, 0).Node("pcie", "msi-map", 0, 1, 0);

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).ShouldBeMalformed("ends in the middle");
    }

    [Fact]
    public void Several_msi_parents_are_all_named_each_with_as_many_cells_as_it_asks_for()
    {
        MemoryTree tree = Trees.Machine().Node("imsic", "phandle", 9).Node("imsic", "#msi-cells", 0)
            .Node("pcie", "msi-parent", 1, 0xabc, 9, 2, 0xdef);

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).Nodes.Select(node => node.Path).ShouldBe(["intc/its@1", "imsic", "intc/its@2"]);
    }

    [Theory]
    [InlineData("", "has 0 bytes")]
    [InlineData("000001", "has 3 bytes")]
    [InlineData("00000001", "ends in the middle")]
    [InlineData("00000007", "refers to the phandle 0x7, which no node has")]
    [InlineData("00000001 00000000 00000007", "refers to the phandle 0x7, which no node has")]
    public void An_msi_parent_that_makes_no_sense_is_malformed(string hex, string finding)
    {
        MemoryTree tree = Trees.Machine().Bytes("pcie", "msi-parent", Acpi.AcpiBytes.Hex(hex));

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).ShouldBeMalformed(finding);
    }

    [Fact]
    public void An_msi_parent_that_asks_for_more_cells_than_there_can_be_is_malformed()
    {
        MemoryTree tree = Trees.Machine().Node("intc/its@1", "#msi-cells", uint.MaxValue).Node("pcie", "msi-parent", 1, 0, 1, 0);

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).ShouldBeMalformed("ends in the middle");
    }

    [Fact]
    public void An_msi_parent_that_could_not_be_read_leaves_the_controller_unknown()
    {
        MemoryTree tree = Trees.Machine();
        tree.AddFile($"{Trees.Base}/pcie/msi-parent", new HostFile(HostFileState.Failed, default));

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).Outcome.ShouldBe(Unknown);
    }

    [Fact]
    public void A_bridge_may_be_its_own_msi_controller()
    {
        MemoryTree tree = Trees.Machine().Bytes("pcie", "msi-controller", []);

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).Node!.Path.ShouldBe("pcie");
    }

    [Fact]
    public void An_iommu_is_found_by_a_map_alone()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-parent", 3).Node("pcie", "iommu-map", 0x100, 3, 0x40, 0x100)
            .Node("pcie", "iommu-map-mask", 0xfff8);
        DeviceTreeEvidence evidence = tree.Bridges("pcie");

        evidence.IommuFor("pcie", new RequesterId(0x011b)).ShouldSatisfyAllConditions(
            lookup => lookup.Node!.Path.ShouldBe("smmu"),
            lookup => lookup.OutputId.ShouldBe(0x58u));
        evidence.IommuFor("pcie", new RequesterId(0x0018)).Outcome.ShouldBe(NotMapped);
    }

    [Theory]
    [InlineData(null, true)]
    [InlineData("okay", true)]
    [InlineData("ok", true)]
    [InlineData("disabled", false)]
    [InlineData("fail-sss", false)]
    [InlineData("", false)]
    public void A_node_in_use_says_so_or_says_nothing(string? status, bool available)
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 0x10000);
        if (status is not null)
        {
            tree.Text("intc/its@1", "status", status);
        }

        tree.Bridges("pcie").MsiControllerFor("pcie", Id).Node!.IsAvailable.ShouldBe(available);
    }

    [Fact]
    public void Strings_need_no_final_NUL_and_properties_that_do_not_count_are_left_out()
    {
        MemoryTree tree = Trees.Machine().Bytes("pcie", "compatible", "a,b\0c,d"u8.ToArray()).Text("pcie", "bootargs", "secret");
        DeviceTreeNode bridge = tree.Bridges("pcie").HostBridge("pcie").ShouldNotBeNull();

        bridge.Compatible.ShouldBe(["a,b", "c,d"]);
        bridge.IsCompatible("c,d").ShouldBeTrue();
        bridge.IsCompatible("a,b\0c,d").ShouldBeFalse();
        bridge.Properties.Keys.ShouldBe(["compatible"]);
    }

    [Fact]
    public void The_tree_is_not_walked_when_nothing_is_referred_to()
    {
        var watched = new CountingTree(Trees.Captured("ppc64-powernv9"));

        DeviceTreeEvidence.Read(watched, ["pciex@600c3c0000000"]);

        watched.Lists.ShouldBe(2);
    }

    [Theory]
    [InlineData(1, 64)]
    [InlineData(2, 1 << 17)]
    [InlineData(1000, 1 << 17)]
    public void A_tree_without_end_is_not_walked_without_end(int childrenOfEachNode, int bound)
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 7, 0, 0x10000).Node("endless/0", "reg", 0);
        var watched = new CountingTree(tree, [.. Enumerable.Range(0, childrenOfEachNode).Select(i => $"{i}")]);
        DeviceTreeEvidence evidence = DeviceTreeEvidence.Read(watched, ["pcie"]);

        evidence.Findings.ShouldHaveSingleItem().ShouldContain("not all of it was searched");
        evidence.MsiControllerFor("pcie", Id).ShouldBeMalformed("phandle 0x7");
        watched.Lists.ShouldBeInRange(bound, bound + 20);
    }

    private sealed class CountingTree(HostTree inner, params string[] children) : HostTree
    {
        public int Lists { get; private set; }

        public override HostFile Read(string path) => inner.Read(path);

        public override IReadOnlyList<string> List(string path)
        {
            Lists++;
            return path.Contains("/endless", StringComparison.Ordinal) ? children : inner.List(path);
        }

        public override string? ReadLink(string path) => inner.ReadLink(path);
    }
}
