using VfioSharp.Pci.Acpi;
using VfioSharp.Pci.Addressing;
using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;
using static VfioSharp.Pci.Tests.Acpi.IortBuilder;

namespace VfioSharp.Pci.Tests.Acpi;

public sealed class IortTableTests
{
    [Fact]
    public void The_translation_service_is_found_through_the_smmu()
    {
        IortTable table = IortTable.Parse(ThroughSmmu());

        table.Findings.ShouldBeEmpty();
        table.IsComplete.ShouldBeTrue();
        table.ItsFor(0, new RequesterId(0x0018)).ShouldBe([0u, 1u]);
        IortSmmu smmu = table.SmmuFor(0, new RequesterId(0x0018)).ShouldNotBeNull();
        smmu.IsVersion3.ShouldBeTrue();
        smmu.BaseAddress.ShouldBe(0x9050000ul);
        smmu.HasCoherentTableWalk.ShouldBeTrue();
    }

    [Fact]
    public void A_root_complex_has_its_segment_and_attributes()
    {
        IortRootComplex root = IortTable.Parse(ThroughSmmu()).Nodes.OfType<IortRootComplex>().ShouldHaveSingleItem();

        root.Type.ShouldBe(IortNodeType.RootComplex);
        root.Revision.ShouldBe((byte)4);
        root.Identifier.ShouldBe(2u);
        root.Segment.ShouldBe(0u);
        root.IsCacheCoherent.ShouldBeTrue();
        root.MemoryAccessFlags.ShouldBe((byte)3);
        root.AtsAttribute.ShouldBe(1u);
        root.Mappings.ShouldHaveSingleItem().IdCount.ShouldBe(0xffffu);
    }

    [Fact]
    public void Another_segment_has_no_translation_service_and_no_smmu()
    {
        IortTable table = IortTable.Parse(ThroughSmmu());

        table.ItsFor(1, new RequesterId(0x0018)).ShouldBeEmpty();
        table.SmmuFor(0x10000, new RequesterId(0x0018)).ShouldBeNull();
    }

    [Fact]
    public void The_translation_service_is_found_directly_where_there_is_no_smmu()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(7);
        builder.RootComplex(3, IdMap(0, 0xffff, 0, its));
        IortTable table = IortTable.Parse(builder.Build());

        table.ItsFor(3, new RequesterId(0xffff)).ShouldBe([7u]);
        table.SmmuFor(3, new RequesterId(0)).ShouldBeNull();
    }

    [Fact]
    public void Ranges_lead_to_different_services_and_the_ids_between_them_to_none()
    {
        var builder = new IortBuilder();
        uint first = builder.ItsGroup(1);
        uint second = builder.ItsGroup(2);
        uint smmu = builder.SmmuV3(5, 0, 0, 0, IdMap(0x20000, 0xff, 0, second));
        builder.RootComplex(0, IdMap(0x100, 0xff, 0, first), IdMap(0x300, 0xff, 0x20000, smmu), IdMap(0x400, 0xff, 0x30000, smmu));
        IortTable table = IortTable.Parse(builder.Build());

        table.ItsFor(0, new RequesterId(0x0ff)).ShouldBeEmpty();
        table.ItsFor(0, new RequesterId(0x100)).ShouldBe([1u]);
        table.ItsFor(0, new RequesterId(0x1ff)).ShouldBe([1u]);
        table.ItsFor(0, new RequesterId(0x200)).ShouldBeEmpty();
        table.ItsFor(0, new RequesterId(0x300)).ShouldBe([2u]);
        table.ItsFor(0, new RequesterId(0x3ff)).ShouldBe([2u]);
        table.ItsFor(0, new RequesterId(0x400)).ShouldBeEmpty();
        table.SmmuFor(0, new RequesterId(0x100)).ShouldBeNull();
        table.SmmuFor(0, new RequesterId(0x400)).ShouldNotBeNull();
    }

    [Fact]
    public void A_range_that_begins_with_an_id_has_a_better_claim_to_it_than_one_that_ends_with_it()
    {
        var builder = new IortBuilder();
        uint first = builder.ItsGroup(1);
        uint second = builder.ItsGroup(2);
        builder.RootComplex(0, IdMap(0, 0x100, 0, first), IdMap(0x100, 0x100, 0, second), IdMap(0x180, 0x100, 0, first));
        IortTable table = IortTable.Parse(builder.Build());

        table.ItsFor(0, new RequesterId(0xff)).ShouldBe([1u]);
        table.ItsFor(0, new RequesterId(0x100)).ShouldBe([2u]);
        table.ItsFor(0, new RequesterId(0x190)).ShouldBe([2u]);
        table.ItsFor(0, new RequesterId(0x200)).ShouldBe([2u]);
        table.ItsFor(0, new RequesterId(0x280)).ShouldBe([1u]);
    }

    [Fact]
    public void A_single_mapping_of_a_root_complex_takes_every_id()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(4);
        uint smmu = builder.SmmuV3(5, 0, 0, 0, IdMap(0x55, 0, 0, its));
        builder.RootComplex(0, IdMap(0, 0, 0x55, smmu, flags: 1));

        IortTable.Parse(builder.Build()).ItsFor(0, new RequesterId(0x1234)).ShouldBe([4u]);
    }

    [Fact]
    public void A_single_mapping_of_an_smmu_is_not_for_what_passes_through_it()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(4);
        uint smmu = builder.Smmu(IdMap(0, 0xffff, 0x55, its, flags: 1));
        builder.RootComplex(0, IdMap(0, 0xffff, 0, smmu));

        IortTable.Parse(builder.Build()).ItsFor(0, new RequesterId(0x1234)).ShouldBeEmpty();
    }

    // The mapping for the SMMUv3's own messages is left out, by the rule of its revision; here it is the only one.
    [Theory]
    [InlineData(0, 0, 0, true)]
    [InlineData(1, 0, 0, false)]
    [InlineData(4, 0, 0, false)]
    [InlineData(4, 0, 40, true)]
    [InlineData(4, 0x10, 40, true)]
    [InlineData(5, 0, 0, true)]
    [InlineData(5, 0x10, 40, false)]
    public void The_mapping_for_an_smmu_s_own_messages_is_not_for_what_passes_through_it(
        byte revision, uint flags, uint interrupts, bool passes)
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(4);
        uint smmu = builder.SmmuV3(revision, flags, interrupts, 0, IdMap(0, 0xffff, 0, its));
        builder.RootComplex(0, IdMap(0, 0xffff, 0, smmu));

        IortTable.Parse(builder.Build()).ItsFor(0, new RequesterId(8)).Count.ShouldBe(passes ? 1 : 0);
    }

    [Theory]
    [InlineData(1u)]
    [InlineData(uint.MaxValue)]
    public void An_index_of_the_smmu_s_own_mapping_that_is_none_leaves_the_others(uint index)
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(4);
        uint smmu = builder.SmmuV3(5, 0x10, 0, index, IdMap(0, 0xffff, 0, its));
        builder.RootComplex(0, IdMap(0, 0xffff, 0, smmu));

        IortTable.Parse(builder.Build()).ItsFor(0, new RequesterId(8)).ShouldBe([4u]);
    }

    [Theory]
    [InlineData(0u, false)]
    [InlineData(1u, true)]
    [InlineData(0x1eu, false)]
    public void The_coherency_override_of_an_smmuv3_is_bit_0(uint flags, bool coherent)
    {
        var builder = new IortBuilder();
        builder.SmmuV3(5, flags, 0, 0);

        IortTable.Parse(builder.Build()).Nodes.OfType<IortSmmu>().Single().HasCoherentTableWalk.ShouldBe(coherent);
    }

    [Fact]
    public void An_smmu_of_version_2_has_its_address_and_model()
    {
        var builder = new IortBuilder();
        builder.Smmu();
        IortSmmu smmu = IortTable.Parse(builder.Build()).Nodes.OfType<IortSmmu>().Single();

        smmu.IsVersion3.ShouldBeFalse();
        smmu.BaseAddress.ShouldBe(0x2b400000ul);
        smmu.Model.ShouldBe(1u);
        smmu.HasCoherentTableWalk.ShouldBeTrue();
    }

    [Fact]
    public void Named_components_monitors_and_reserved_memory_are_nodes_like_others()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(4);
        builder.NamedComponent("\\_SB.DEV0", IdMap(0, 0, 0x77, its, flags: 1));
        builder.Node(5, 2, new byte[24], []);
        builder.Node(6, 3, new byte[12], []);
        builder.Node(200, 0, [], []);
        IortTable table = IortTable.Parse(builder.Build());

        table.Findings.ShouldBeEmpty();
        table.Nodes.Count.ShouldBe(5);
        table.Nodes.OfType<IortNamedComponent>().Single().Name.ShouldBe("\\_SB.DEV0");
        table.Nodes[2].Type.ShouldBe(IortNodeType.Pmcg);
        table.Nodes[3].Type.ShouldBe(IortNodeType.ReservedMemory);
        table.Nodes[4].Type.ShouldBe((IortNodeType)200);
    }

    [Fact]
    public void Walks_in_circles_end()
    {
        var builder = new IortBuilder();
        const uint Self = 48;
        uint first = builder.RootComplex(0, IdMap(0, 0xffff, 0, Self));
        first.ShouldBe(Self);
        uint length = 36 + 20;
        uint forth = builder.Smmu(IdMap(0, 0xffff, 0, Self + length + 80));
        forth.ShouldBe(Self + length);
        uint back = builder.Smmu(IdMap(0, 0xffff, 0, forth));
        back.ShouldBe(forth + 80);
        builder.RootComplex(1, IdMap(0, 0xffff, 0, forth));
        IortTable table = IortTable.Parse(builder.Build());

        table.Findings.ShouldBeEmpty();
        table.ItsFor(0, new RequesterId(8)).ShouldBeEmpty();
        table.SmmuFor(0, new RequesterId(8)).ShouldBeNull();
        table.ItsFor(1, new RequesterId(8)).ShouldBeEmpty();
        table.SmmuFor(1, new RequesterId(8)).ShouldNotBeNull();
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(47u)]
    [InlineData(49u)]
    [InlineData(uint.MaxValue)]
    public void A_mapping_to_where_no_node_lies_is_a_finding_and_leads_nowhere(uint reference)
    {
        var builder = new IortBuilder();
        builder.ItsGroup(1);
        builder.RootComplex(0, IdMap(0, 0xffff, 0, reference));
        IortTable table = IortTable.Parse(builder.Build());

        table.ItsFor(0, new RequesterId(8)).ShouldBeEmpty();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"leads to {reference}, where no node lies");
    }

    [Fact]
    public void Of_two_root_complexes_of_a_segment_the_first_counts_and_the_second_is_a_finding()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(1);
        builder.RootComplex(0, IdMap(0x100, 0xff, 0, its));
        builder.RootComplex(0, IdMap(0, 0xff, 0, its));
        IortTable table = IortTable.Parse(builder.Build());

        table.ItsFor(0, new RequesterId(0x100)).ShouldBe([1u]);
        table.ItsFor(0, new RequesterId(0x0)).ShouldBeEmpty();
        table.Findings.ShouldHaveSingleItem().ShouldContain("segment 0 has a second root complex");
    }

    [Fact]
    public void More_services_than_the_group_holds_are_a_finding()
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), 48 + 16, U32(3)));

        table.Nodes.OfType<IortItsGroup>().Single().Identifiers.ShouldBe([0u, 1u]);
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("announces 3 services and holds 2");
    }

    [Fact]
    public void More_mappings_than_the_node_holds_are_a_finding()
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), RootAt + 8, U32(uint.MaxValue)));

        table.ItsFor(0, new RequesterId(8)).ShouldBe([0u, 1u]);
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("ID mappings and holds 1");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(31u)]
    [InlineData(57u)]
    [InlineData(uint.MaxValue)]
    public void Mappings_outside_their_node_are_a_finding(uint offset)
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), RootAt + 12, U32(offset)));

        table.ItsFor(0, new RequesterId(8)).ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"said to lie at {offset}");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(47u)]
    [InlineData(uint.MaxValue)]
    public void Nodes_outside_the_table_are_a_finding(uint offset)
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), 40, U32(offset)));

        table.Nodes.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain("outside the table");
    }

    [Theory]
    [InlineData(2u, true, 2)]
    [InlineData(3u, true, 3)]
    [InlineData(4u, false, 3)]
    [InlineData(uint.MaxValue, false, 3)]
    public void As_many_nodes_are_read_as_are_announced_and_there(uint count, bool complete, int nodes)
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), 36, U32(count)));

        table.Nodes.Count.ShouldBe(nodes);
        table.IsComplete.ShouldBe(complete);
        table.Findings.Count.ShouldBe(complete ? 0 : 1);
    }

    [Theory]
    [InlineData(0, 19)]
    [InlineData(1, 28)]
    [InlineData(2, 31)]
    [InlineData(3, 39)]
    [InlineData(4, 59)]
    public void A_node_too_short_for_its_type_is_passed_over(byte type, int length)
    {
        var builder = new IortBuilder();
        builder.Add([type, .. U16(length), .. new byte[length - 3]]);
        uint its = builder.ItsGroup(1);
        builder.RootComplex(0, IdMap(0, 0xffff, 0, its));
        IortTable table = IortTable.Parse(builder.Build());

        table.Nodes.Count.ShouldBe(2);
        table.ItsFor(0, new RequesterId(8)).ShouldBe([1u]);
        table.IsComplete.ShouldBeFalse();
        table.Findings.ShouldHaveSingleItem().ShouldContain($"has {length} bytes and needs {length + 1}");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    [InlineData(0xffff)]
    public void A_node_of_an_impossible_length_ends_the_table(int length)
    {
        IortTable table = IortTable.Parse(With(ThroughSmmu(), 48 + 1, U16(length)));

        table.Nodes.ShouldBeEmpty();
        table.IsComplete.ShouldBeFalse();
        table.Findings[0].ShouldContain($"the node at 0x30 has length {length}");
    }

    [Fact]
    public void A_table_cut_off_at_any_byte_is_incomplete_and_says_so()
    {
        byte[] whole = ThroughSmmu();
        for (int length = 0; length < whole.Length; length++)
        {
            IortTable table = IortTable.Parse(whole.AsMemory(0, length));

            table.IsComplete.ShouldBeFalse($"{length} bytes");
            table.Findings.ShouldNotBeEmpty($"{length} bytes");
            table.ItsFor(0, new RequesterId(8)).ShouldBeEmpty($"{length} bytes");
        }
    }

    // Built as QEMU's machine virt does it: an ITS group of 28 bytes, an SMMUv3 of 88, a root complex of 56.
    private const int RootAt = 48 + 28 + 88;

    internal static byte[] ThroughSmmu()
    {
        var builder = new IortBuilder();
        uint its = builder.ItsGroup(0, 1);
        uint smmu = builder.SmmuV3(4, 1, 0x4a, 0, IdMap(0, 0xffff, 0, its));
        builder.RootComplex(0, IdMap(0, 0xffff, 0, smmu));
        return builder.Build();
    }
}
