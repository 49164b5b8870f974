using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;
using static VfioSharp.Pci.DeviceTree.DeviceTreeLookupOutcome;

namespace VfioSharp.Pci.Tests.DeviceTree;

public sealed class DeviceTreeMapTests
{
    [Theory]
    [InlineData(0x00ff, NotMapped, null, null)]
    [InlineData(0x0100, Found, "intc/its@1", 0u)]
    [InlineData(0x01ff, Found, "intc/its@1", 0xffu)]
    [InlineData(0x0200, NotMapped, null, null)]
    [InlineData(0x0300, Found, "intc/its@2", 0x20000u)]
    [InlineData(0x0301, Found, "intc/its@2", 0x20001u)]
    [InlineData(0xffff, NotMapped, null, null)]
    public void Ranges_lead_to_their_controllers_and_what_lies_between_to_none(int id, object outcome, string? path, uint? output)
    {
        DeviceTreeLookup lookup = Ask(Trees.Machine().Node("pcie", "msi-map", 0x100, 1, 0, 0x100, 0x300, 2, 0x20000, 0x100), id);

        lookup.Outcome.ShouldBe((DeviceTreeLookupOutcome)outcome);
        lookup.Node?.Path.ShouldBe(path);
        lookup.OutputId.ShouldBe(output);
    }

    [Fact]
    public void The_mask_takes_bits_out_of_the_id_before_it_is_looked_up()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0x40, 0x100).Node("pcie", "msi-map-mask", 0xff00);

        Ask(tree, 0x0023).OutputId.ShouldBe(0x40u);
        Ask(tree, 0x0123).Outcome.ShouldBe(NotMapped);
    }

    [Fact]
    public void A_mask_of_zero_makes_all_ids_one()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 2, 0x99, 1).Node("pcie", "msi-map-mask", 0);

        Ask(tree, 0xffff).OutputId.ShouldBe(0x99u);
    }

    [Fact]
    public void An_entry_that_the_mask_excludes_is_malformed()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 0x10, 0x101, 2, 0, 0x10).Node("pcie", "msi-map-mask", 0xff00);

        Ask(tree, 0x000f).Outcome.ShouldBe(Found);
        Ask(tree, 0x0100).ShouldBeMalformed("has the ID 0x101");
    }

    [Fact]
    public void The_first_entry_that_holds_the_id_counts()
    {
        Ask(Trees.Machine().Node("pcie", "msi-map", 0, 2, 0, 0x100, 0, 1, 0, 0x10000), 0x18).Node!.Path.ShouldBe("intc/its@2");
    }

    [Fact]
    public void A_range_that_would_wrap_does_not()
    {
        DeviceTreeLookup lookup = Ask(Trees.Machine().Node("pcie", "msi-map", 0x10, 1, 0xfffffff0, 0xffffffff), 0x28);

        lookup.OutputId.ShouldBe(0x8u);
        Ask(Trees.Machine().Node("pcie", "msi-map", 0x10, 1, 0, 0xffffffff), 0).Outcome.ShouldBe(NotMapped);
    }

    [Fact]
    public void An_empty_range_holds_nothing()
    {
        Ask(Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 0), 0).Outcome.ShouldBe(NotMapped);
    }

    [Fact]
    public void A_controller_without_a_cell_count_takes_one_cell()
    {
        MemoryTree tree = Trees.Machine().Text("v2m", "compatible", "arm,gic-v2m-frame").Node("v2m", "phandle", 9)
            .Node("pcie", "msi-map", 0, 9, 0x1000, 0x10000);

        Ask(tree, 0x18).OutputId.ShouldBe(0x1018u);
    }

    [Fact]
    public void Entries_are_as_long_as_their_controllers_ask_for()
    {
        MemoryTree tree = Trees.Machine().Node("imsic", "phandle", 8).Node("imsic", "#msi-cells", 0)
            .Node("two", "phandle", 9).Node("two", "#msi-cells", 2)
            .Node("pcie", "msi-map", 0, 8, 0x10, 0x10, 9, 0xaa, 0xbb, 1, 0x20, 1, 0x70, 0x10);

        Ask(tree, 0x0f).ShouldSatisfyAllConditions(l => l.Node!.Path.ShouldBe("imsic"), l => l.OutputId.ShouldBe(0xfu));
        Ask(tree, 0x10).ShouldSatisfyAllConditions(l => l.Node!.Path.ShouldBe("two"), l => l.OutputId.ShouldBe(0xaau));
        Ask(tree, 0x11).Outcome.ShouldBe(NotMapped);
        Ask(tree, 0x21).ShouldSatisfyAllConditions(l => l.Node!.Path.ShouldBe("intc/its@1"), l => l.OutputId.ShouldBe(0x71u));
    }

    [Fact]
    public void Several_ids_cannot_share_a_specifier_of_several_cells()
    {
        MemoryTree tree = Trees.Machine().Node("two", "phandle", 9).Node("two", "#msi-cells", 2).Node("pcie", "msi-map", 0, 9, 1, 2, 0x10);

        Ask(tree, 0).ShouldBeMalformed("several IDs to one specifier of 2 cells");
        Ask(tree, 0x10).Outcome.ShouldBe(NotMapped);
    }

    [Fact]
    public void One_cell_entries_for_single_ids_are_read_as_meant_where_two_cells_are_asked_for()
    {
        MemoryTree tree = Trees.Machine().Node("smmu", "#iommu-cells", 2).Node("pcie", "iommu-map", 0, 3, 0x500, 1, 0x100, 3, 0x600, 1);
        DeviceTreeEvidence evidence = tree.Bridges("pcie");

        evidence.IommuFor("pcie", new RequesterId(0x100)).OutputId.ShouldBe(0x600u);
        evidence.IommuFor("pcie", new RequesterId(0x101)).Outcome.ShouldBe(NotMapped);
    }

    [Theory]
    [InlineData("", "has 0 bytes")]
    [InlineData("00", "has 1 bytes")]
    [InlineData("00000000 00000001 00000000 000001", "has 15 bytes")]
    [InlineData("00000000", "ends in the middle")]
    [InlineData("00000000 00000001", "ends in the middle")]
    [InlineData("00000000 00000001 00000000", "ends in the middle")]
    [InlineData("00000000 00000001 00000000 00000001 00000010", "ends in the middle")]
    [InlineData("00000000 00000007 00000000 00010000", "refers to the phandle 0x7, which no node has")]
    [InlineData("00000000 00000000 00000000 00010000", "refers to the phandle 0x0")]
    [InlineData("00000000 ffffffff 00000000 00010000", "refers to the phandle 0xffffffff")]
    public void A_map_that_makes_no_sense_is_malformed(string hex, string finding)
    {
        Ask(Trees.Machine().Bytes("pcie", "msi-map", Acpi.AcpiBytes.Hex(hex)), 0x18).ShouldBeMalformed(finding);
    }

    [Fact]
    public void What_is_wrong_behind_the_entry_that_holds_the_id_does_not_matter()
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 0x100, 0x100, 7, 0, 0x100);

        Ask(tree, 0xff).Outcome.ShouldBe(Found);
        Ask(tree, 0x100).ShouldBeMalformed("phandle 0x7");
    }

    [Fact]
    public void A_node_whose_phandle_is_zero_or_all_ones_cannot_be_referred_to()
    {
        MemoryTree tree = Trees.Machine().Node("bad", "phandle", 0).Node("worse", "phandle", uint.MaxValue)
            .Node("pcie", "msi-map", 0, 0, 0, 1);

        Ask(tree, 0).ShouldBeMalformed("phandle 0x0");
    }

    [Theory]
    [InlineData("")]
    [InlineData("0001")]
    [InlineData("0000000100000000")]
    public void A_cell_count_that_is_not_one_cell_is_malformed(string hex)
    {
        MemoryTree tree = Trees.Machine().Bytes("intc/its@1", "#msi-cells", Acpi.AcpiBytes.Hex(hex)).Node("pcie", "msi-map", 0, 1, 0, 1);

        Ask(tree, 0).ShouldBeMalformed("/intc/its@1, whose #msi-cells is not one cell");
    }

    [Theory]
    [InlineData(17u)]
    [InlineData(0x7fffffffu)]
    [InlineData(uint.MaxValue)]
    public void More_cells_than_a_specifier_can_have_are_malformed(uint cells)
    {
        MemoryTree tree = Trees.Machine().Node("intc/its@1", "#msi-cells", cells).Node("pcie", "msi-map", 0, 1, 0, 1);

        Ask(tree, 0).ShouldBeMalformed($"asks for {cells} cells");
    }

    [Theory]
    [InlineData("")]
    [InlineData("ff")]
    [InlineData("0000ffff0000ffff")]
    public void A_mask_that_is_not_one_cell_is_malformed(string hex)
    {
        MemoryTree tree = Trees.Machine().Node("pcie", "msi-map", 0, 1, 0, 1).Bytes("pcie", "msi-map-mask", Acpi.AcpiBytes.Hex(hex));

        Ask(tree, 0).ShouldBeMalformed("/pcie/msi-map-mask is not one cell");
    }

    [Fact]
    public void A_map_that_could_not_be_read_leaves_the_controller_unknown_also_when_written_back()
    {
        MemoryTree tree = Trees.Machine();
        tree.AddFile($"{Trees.Base}/pcie/msi-map", HostFile.Denied);
        var written = new MemoryTree();
        tree.Bridges("pcie").WriteTo(written);

        foreach (MemoryTree each in new[] { tree, written })
        {
            DeviceTreeLookup lookup = Ask(each, 0);
            lookup.Outcome.ShouldBe(Unknown);
            lookup.Finding.ShouldBe("/pcie/msi-map could not be read");
        }
    }

    private static DeviceTreeLookup Ask(MemoryTree tree, int id) =>
        tree.Bridges("pcie").MsiControllerFor("pcie", new RequesterId((ushort)id));
}
