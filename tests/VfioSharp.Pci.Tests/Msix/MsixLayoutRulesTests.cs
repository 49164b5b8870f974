using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Pci.Tests.Msix;

public class MsixLayoutRulesTests
{
    // BAR 0 memory, 1 I/O, 2 and 3 a 64-bit BAR, 4 memory of unknown length, 5 nothing.
    private static readonly BarSet Bars = BarSet.FromResource(
        """
        0xfe000000 0xfe000fff 0x40200
        0xc000 0xc0ff 0x40101
        0xfe100000 0xfe10ffff 0x140204
        0x0 0x0 0x0
        0x0 0x0 0x40200
        0x0 0x0 0x0
        0xfe200000 0xfe20ffff 0x46200
        """);

    [Theory]
    [InlineData(1, 0, 0x0UL, 0, 0x10UL)]
    [InlineData(2048, 2, 0x0UL, 2, 0x8000UL)]
    [InlineData(2048, 2, 0x8000UL, 0, 0xF00UL)]
    [InlineData(252, 0, 0x0UL, 0, 0xFE0UL)]
    [InlineData(8, 4, 0xFFFF0000UL, 4, 0x0UL)]
    public void A_sound_layout_breaks_no_rule(int vectors, int tableBar, ulong table, int pbaBar, ulong pba) =>
        MsixLayoutRules.Validate(new MsixCapability(0, vectors, tableBar, table, pbaBar, pba), Bars).ShouldBeEmpty();

    [Theory]
    [InlineData(0, 0, 0x0UL, 0, 0x800UL, MsixLayoutRule.VectorCount, "0 vectors: a function has 1 to 2048: PCIe 7.7.2")]
    [InlineData(2049, 2, 0x0UL, 0, 0x800UL, MsixLayoutRule.VectorCount, "2049 vectors: a function has 1 to 2048: PCIe 7.7.2")]
    [InlineData(int.MinValue, 2, 0x0UL, 0, 0x800UL, MsixLayoutRule.VectorCount, "-2147483648 vectors: a function has 1 to 2048: PCIe 7.7.2")]
    [InlineData(4, 6, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 6, a reserved value: PCIe 7.7.2")]
    [InlineData(4, 7, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 7, a reserved value: PCIe 7.7.2")]
    [InlineData(4, 8, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 8, which there is not: PCIe 7.7.2")]
    [InlineData(4, -1, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR -1, which there is not: PCIe 7.7.2")]
    [InlineData(4, 1, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 1, which is I/O ports: PCIe 7.7.2")]
    [InlineData(4, 3, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 3, the upper half of 64-bit BAR 2: PCIe 7.7.2")]
    [InlineData(4, 5, 0x0UL, 0, 0x0UL, MsixLayoutRule.TableBar, "the table is in BAR 5, which is not implemented: PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 6, 0x0UL, MsixLayoutRule.PbaBar, "the PBA is in BAR 6, a reserved value: PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 1, 0x0UL, MsixLayoutRule.PbaBar, "the PBA is in BAR 1, which is I/O ports: PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 3, 0x0UL, MsixLayoutRule.PbaBar, "the PBA is in BAR 3, the upper half of 64-bit BAR 2: PCIe 7.7.2")]
    [InlineData(4, 0, 0x4UL, 0, 0x800UL, MsixLayoutRule.TableOffset, "the table begins at 0x4, no multiple of 8: PCIe 7.7.2")]
    [InlineData(4, 4, 0x100000000UL, 0, 0x0UL, MsixLayoutRule.TableOffset, "the table begins at 0x100000000, beyond what 32 bits can say: PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 0, 0x801UL, MsixLayoutRule.PbaOffset, "the PBA begins at 0x801, no multiple of 8: PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 4, 0xFFFFFFFFFFFFFFF8UL, MsixLayoutRule.PbaOffset, "the PBA begins at 0xfffffffffffffff8, beyond what 32 bits can say: PCIe 7.7.2")]
    [InlineData(129, 0, 0x800UL, 2, 0x0UL, MsixLayoutRule.TableInsideBar, "the table 0x800-0x100f ends beyond BAR 0 (0x1000 bytes): PCIe 7.7.2")]
    [InlineData(4, 0, 0x1000UL, 2, 0x0UL, MsixLayoutRule.TableInsideBar, "the table 0x1000-0x103f lies beyond BAR 0 (0x1000 bytes): PCIe 7.7.2")]
    [InlineData(65, 2, 0x0UL, 0, 0xFF8UL, MsixLayoutRule.PbaInsideBar, "the PBA 0xff8-0x1007 ends beyond BAR 0 (0x1000 bytes): PCIe 7.7.2")]
    [InlineData(4, 0, 0x0UL, 0, 0x38UL, MsixLayoutRule.PbaApart, "the PBA 0x38-0x3f overlaps the table 0x0-0x3f in BAR 0: PCIe 7.7.2")]
    [InlineData(128, 0, 0x8UL, 0, 0x0UL, MsixLayoutRule.PbaApart, "the PBA 0x0-0xf overlaps the table 0x8-0x807 in BAR 0: PCIe 7.7.2")]
    public void A_broken_rule_is_named_and_put_in_a_sentence(
        int vectors, int tableBar, ulong table, int pbaBar, ulong pba, MsixLayoutRule rule, string text) =>
        MsixLayoutRules.Validate(new MsixCapability(0, vectors, tableBar, table, pbaBar, pba), Bars).ShouldBe([new MsixLayoutFault(rule, text)]);

    [Theory]
    [InlineData(0x3000UL, "BAR 0 has 0x3000 bytes: a memory BAR has a power of two, 16 or more: PCIe 7.5.1.2.1")]
    [InlineData(0xFFFUL, "BAR 0 has 0xfff bytes: a memory BAR has a power of two, 16 or more: PCIe 7.5.1.2.1")]
    public void A_bars_length_is_a_power_of_two(ulong length, string text) =>
        MsixLayoutRules.Validate(new MsixCapability(0, 4, 0, 0, 0, 0x800), BarSet.Of(BarResource.OfLength(0, length)))
            .ShouldBe([new MsixLayoutFault(MsixLayoutRule.BarLength, text)]);

    [Fact]
    public void A_bar_is_not_smaller_than_sixteen_bytes() =>
        MsixLayoutRules.Validate(new MsixCapability(0, 4, 0, 0, 1, 0), BarSet.Of(BarResource.OfLength(0, 0x1000), BarResource.OfLength(1, 8)))
            .ShouldHaveSingleItem().Rule.ShouldBe(MsixLayoutRule.BarLength);

    [Fact]
    public void The_same_place_in_two_bars_is_no_overlap() =>
        MsixLayoutRules.Validate(new MsixCapability(0, 4, 0, 0, 2, 0), Bars).ShouldBeEmpty();

    [Fact]
    public void Every_broken_rule_is_named_once_and_in_order()
    {
        var rules = MsixLayoutRules.Validate(new MsixCapability(0, 3000, 7, 3, 5, 5), Bars).Select(fault => fault.Rule);
        rules.ShouldBe([MsixLayoutRule.VectorCount, MsixLayoutRule.TableBar, MsixLayoutRule.TableOffset, MsixLayoutRule.PbaBar, MsixLayoutRule.PbaOffset]);
    }

    [Fact]
    public void Of_the_real_layouts_two_overlap_by_their_own_report_and_the_rest_are_sound() =>
        MsixLayoutRow.All.SelectMany(row => MsixLayoutRules.Validate(row.Capability, row.Bars), (row, fault) => $"{row.Device}: {fault.Text}").ShouldBe(
        [
            "ARM Device 0100: the PBA 0x8-0xf overlaps the table 0x0-0xf in BAR 0: PCIe 7.7.2",
            "Atheros Communications Inc. AR928X Wireless Network Adapter (PCI-Express): the PBA 0x0-0x7 overlaps the table 0x0-0xf in BAR 0: PCIe 7.7.2",
        ]);
}
