using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Tests.Configuration;

namespace VfioSharp.Pci.Tests.Msix;

public class MsixGeometryTests
{
    [Fact]
    public void An_nvme_controllers_table_shares_its_page_with_registers_at_16K_and_not_at_4K()
    {
        FunctionDump nvme = FunctionDump.Load("nvme");
        MsixGeometry geometry = MsixGeometry.Create(nvme.Space.Capabilities.Msix!.Value, nvme.Bars);
        geometry.Table.ShouldBe(new ByteRange(0x2000, 65 * 16));
        geometry.Pba.ShouldBe(new ByteRange(0x3000, 16));
        geometry.TableBarLength.ShouldBe(0x4000UL);
        geometry.Findings.ShouldBeEmpty();

        geometry.TablePages(0x1000).ShouldBe(new ByteRange(0x2000, 0x1000));
        geometry.TablePageNeighbours(0x1000).ShouldHaveSingleItem().ToString().ShouldBe("registers 0x2410-0x2fff");
        geometry.TablePages(0x4000).ShouldBe(new ByteRange(0, 0x4000));
        geometry.TablePageNeighbours(0x4000).Select(content => content.ToString()).ShouldBe(
            ["registers 0x0-0x1fff", "registers 0x2410-0x2fff", "PBA 0x3000-0x300f", "registers 0x3010-0x3fff"]);
    }

    [Fact]
    public void A_window_is_clipped_to_a_bar_smaller_than_a_page()
    {
        FunctionDump igb = FunctionDump.Load("igb");
        MsixGeometry geometry = MsixGeometry.Create(igb.Space.Capabilities.Msix!.Value, igb.Bars);
        geometry.TablePages(0x10000).ShouldBe(new ByteRange(0, 0x4000));
        geometry.PbaPages(0x1000).ShouldBe(new ByteRange(0x2000, 0x1000));
        geometry.TablePageNeighbours(0x1000).ShouldHaveSingleItem().Range.ShouldBe(new ByteRange(0xA0, 0xF60));
    }

    [Fact]
    public void An_unaligned_table_spans_the_pages_its_bytes_lie_on()
    {
        // 129 entries from 0x5200 to 0x5a10, PBA further up.
        MsixGeometry geometry = Geometry(0x10000, 129, 0x5200, 0xD600);
        geometry.TablePages(0x1000).ShouldBe(new ByteRange(0x5000, 0x1000));
        geometry.TablePageNeighbours(0x1000).Select(content => content.Range).ShouldBe([new ByteRange(0x5000, 0x200), new ByteRange(0x5A10, 0x5F0)]);
    }

    [Theory]
    [InlineData(256, 0x1000)]
    [InlineData(257, 0x2000)]
    public void The_entry_that_passes_a_page_takes_the_next(int vectors, ulong length) =>
        Geometry(0x8000, vectors, 0x4000, 0x6000).TablePages(0x1000).ShouldBe(new ByteRange(0x4000, length));

    [Fact]
    public void A_table_at_the_start_has_neighbours_behind_it_only()
    {
        MsixGeometry geometry = Geometry(0x4000, 4, 0, 0x800);
        geometry.TablePageNeighbours(0x1000).Select(content => content.ToString()).ShouldBe(
            ["registers 0x40-0x7ff", "PBA 0x800-0x807", "registers 0x808-0xfff"]);
    }

    [Fact]
    public void A_table_that_fills_its_pages_has_no_neighbours() =>
        Geometry(0x8000, 256, 0x1000, 0x4000).TablePageNeighbours(0x1000).ShouldBeEmpty();

    [Fact]
    public void A_pba_in_another_bar_is_no_neighbour()
    {
        MsixGeometry geometry = MsixGeometry.Create(
            new MsixCapability(0x70, 8, 2, 0, 3, 0), BarSet.Of(BarResource.OfLength(2, 256), BarResource.OfLength(3, 16)));
        geometry.Findings.ShouldBeEmpty();
        geometry.TablePages(0x1000).ShouldBe(new ByteRange(0, 256));
        geometry.TablePageNeighbours(0x1000).ShouldHaveSingleItem().ToString().ShouldBe("registers 0x80-0xff");
        geometry.PbaPages(0x1000).ShouldBe(new ByteRange(0, 16));
        geometry.Contents(3, new ByteRange(0, 0x1000)).Select(content => content.ToString()).ShouldBe(["PBA 0x0-0x7", "registers 0x8-0xf"]);
        geometry.Contents(0, new ByteRange(0, 0x1000)).ShouldBeEmpty();
    }

    [Fact]
    public void Bytes_that_are_both_are_the_tables_and_the_overlap_is_noted()
    {
        MsixGeometry geometry = Geometry(256, 2, 0x80, 0x90);
        geometry.Table.ShouldBe(new ByteRange(0x80, 0x20));
        geometry.Pba.ShouldBe(new ByteRange(0x90, 8));
        geometry.TablePageNeighbours(0x1000).ShouldAllBe(content => content.Kind == BarContentKind.Registers);
        geometry.Findings.ShouldHaveSingleItem().ShouldBe(
            new ConfigurationFinding(0x40, "the PBA 0x90-0x97 overlaps the table 0x80-0x9f in BAR 0: PCIe 7.7.2"));
    }

    [Fact]
    public void What_cannot_be_located_is_null_and_nothing_is_computed_from_it()
    {
        MsixGeometry geometry = Geometry(0x1000, 129, 0x800, 0x2000);
        geometry.IsUsable.ShouldBeFalse();
        geometry.Table.ShouldBeNull();
        geometry.Pba.ShouldBeNull();
        geometry.TableBarLength.ShouldBe(0UL);
        geometry.TablePages(0x1000).ShouldBeNull();
        geometry.PbaPages(0x1000).ShouldBeNull();
        geometry.TablePageNeighbours(0x1000).ShouldBeEmpty();
        geometry.Contents(0, new ByteRange(0, 0x1000)).ShouldHaveSingleItem().Kind.ShouldBe(BarContentKind.Registers);
        geometry.Findings.Select(finding => finding.Text).ShouldBe(
        [
            "the table 0x800-0x100f ends beyond BAR 0 (0x1000 bytes): PCIe 7.7.2",
            "the PBA 0x2000-0x2017 lies beyond BAR 0 (0x1000 bytes): PCIe 7.7.2",
        ]);
    }

    [Fact]
    public void A_pba_that_cannot_be_located_leaves_the_table_usable()
    {
        MsixGeometry geometry = Geometry(0x2000, 4, 0, 0x8000);
        geometry.IsUsable.ShouldBeTrue();
        geometry.Pba.ShouldBeNull();
        geometry.TablePageNeighbours(0x1000).ShouldHaveSingleItem().Range.ShouldBe(new ByteRange(0x40, 0xFC0));
    }

    [Fact]
    public void A_bar_whose_length_is_not_known_holds_no_usable_table()
    {
        FunctionDump nvme = FunctionDump.Load("nvme");
        MsixGeometry geometry = MsixGeometry.Create(nvme.Space.Capabilities.Msix!.Value, BarSet.FromHeader(nvme.Space));
        geometry.IsUsable.ShouldBeFalse();
        geometry.Findings.Select(finding => finding.Text).ShouldBe(
            ["the length of BAR 0, which holds the table, is not known", "the length of BAR 0, which holds the PBA, is not known"]);
    }

    [Theory]
    [InlineData(0x1425, 0x5800, 0x2000UL, 0x8000UL, 0x1000UL)]
    [InlineData(0x1425, 0x58FF, 0x2000UL, 0x8000UL, 0x1000UL)]
    [InlineData(0x1D22, 0x3685, 0x10000UL, 0x460000UL, 0xB400UL)]
    public void A_known_wrong_pba_is_corrected(int vendor, int device, ulong length, ulong reported, ulong corrected)
    {
        var capability = new MsixCapability(0x70, 8, 4, 0, 4, reported);
        MsixGeometry geometry = MsixGeometry.Create(capability, BarSet.Of(BarResource.OfLength(4, length)), (ushort)vendor, (ushort)device);
        geometry.Pba.ShouldBe(new ByteRange(corrected, 8));
        geometry.Capability.PbaOffset.ShouldBe(reported);
        string text = geometry.Findings.ShouldHaveSingleItem().Text;
        text.ShouldContain($"0x{reported:x}");
        text.ShouldContain($"0x{corrected:x}");
        text.ShouldContain("7.7.2");
    }

    [Theory]
    [InlineData(0x1425, 0x5800, 0x10000UL, 0x8000UL)] // inside its BAR: believed
    [InlineData(0x1D22, 0x3685, 0x800000UL, 0x460000UL)]
    public void A_known_function_that_reports_a_place_inside_its_bar_is_believed(int vendor, int device, ulong length, ulong reported)
    {
        var capability = new MsixCapability(0x70, 8, 4, 0, 4, reported);
        MsixGeometry geometry = MsixGeometry.Create(capability, BarSet.Of(BarResource.OfLength(4, length)), (ushort)vendor, (ushort)device);
        geometry.Pba.ShouldBe(new ByteRange(reported, 8));
        geometry.Findings.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0x1425, 0x5900)]
    [InlineData(0x1425, 0x4800)]
    [InlineData(0x1D22, 0x3684)]
    [InlineData(0x8086, 0x5800)]
    public void Other_functions_are_not_corrected(int vendor, int device)
    {
        MsixGeometry geometry = MsixGeometry.Create(
            new MsixCapability(0x70, 8, 4, 0, 4, 0x8000), BarSet.Of(BarResource.OfLength(4, 0x2000)), (ushort)vendor, (ushort)device);
        geometry.Pba.ShouldBeNull();
    }

    [Fact]
    public void A_correction_is_held_to_the_rules_too()
    {
        // In a BAR of 4K the corrected 0x1000 lies outside as well.
        MsixGeometry geometry = MsixGeometry.Create(
            new MsixCapability(0x70, 8, 4, 0, 4, 0x8000), BarSet.Of(BarResource.OfLength(4, 0x1000)), 0x1425, 0x5801);
        geometry.Pba.ShouldBeNull();
        geometry.Findings.Length.ShouldBe(2);
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(3u)]
    [InlineData(0x1001u)]
    public void A_page_size_is_a_power_of_two(uint pageSize)
    {
        Should.Throw<ArgumentException>(() => Geometry(0x1000, 1, 0, 0x800).TablePages(pageSize));
        Should.Throw<ArgumentException>(() => Geometry(0x10, 100, 0, 0x800).PbaPages(pageSize));
    }

    [Fact]
    public void Contents_are_asked_of_a_bar()
    {
        Should.Throw<ArgumentOutOfRangeException>(() => Geometry(0x1000, 1, 0, 0x800).Contents(6, default));
        Should.Throw<ArgumentOutOfRangeException>(() => Geometry(0x1000, 1, 0, 0x800).Contents(-1, default));
    }

    private static MsixGeometry Geometry(ulong length, int vectors, ulong table, ulong pba) =>
        MsixGeometry.Create(new MsixCapability(0x40, vectors, 0, table, 0, pba), BarSet.Of(BarResource.OfLength(0, length)));
}
