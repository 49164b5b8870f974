using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Tests.Configuration;

public class BarSetTests
{
    private const string Nothing = "0x0000000000000000 0x0000000000000000 0x0000000000000000\n";

    [Fact]
    public void The_resource_text_of_a_physical_function_is_read_without_its_virtual_functions_lines()
    {
        BarSet bars = FunctionDump.Load("igb").Bars;
        bars.Count.ShouldBe(7);
        bars[0].ShouldBe(new BarResource(0, BarKind.Memory32, false, 0xFD800000, 0x20000, true));
        bars[2].ShouldBe(new BarResource(2, BarKind.Io, false, 0xC000, 0x20, true));
        bars[3].ShouldBe(new BarResource(3, BarKind.Memory64, false, 0xFD840000, 0x4000, true));
        bars[4].IsUpperHalf.ShouldBeTrue();
        bars[4].IsImplemented.ShouldBeFalse();
        bars[5].Kind.ShouldBe(BarKind.Unimplemented);
        bars[6].Kind.ShouldBe(BarKind.Unimplemented);
        bars.Findings.ShouldBeEmpty();
    }

    [Fact]
    public void A_virtual_functions_bars_are_in_its_resource_text_alone()
    {
        FunctionDump dump = FunctionDump.Load("igb-vf");
        BarSet.FromHeader(dump.Space).ShouldAllBe(bar => bar.Kind == BarKind.Unimplemented);
        BarSet bars = BarSet.Read(dump.Resource, dump.Space);
        bars[0].ShouldBe(new BarResource(0, BarKind.Memory64, true, 0xFE400000, 0x4000, true));
        bars[1].IsUpperHalf.ShouldBeTrue();
        bars[3].IsMemory.ShouldBeTrue();
    }

    [Fact]
    public void A_bridges_windows_are_not_its_bars()
    {
        BarSet bars = FunctionDump.Load("root-port").Bars;
        bars.Where(bar => bar.IsImplemented).ShouldHaveSingleItem().ShouldBe(new BarResource(0, BarKind.Memory32, false, 0xFDD70000, 0x1000, true));
    }

    [Fact]
    public void The_header_and_the_host_agree_on_every_function_that_is_not_virtual()
    {
        foreach (FunctionDump dump in FunctionDump.All.Where(dump => dump.Name != "igb-vf"))
        {
            BarSet header = BarSet.FromHeader(dump.Space);
            BarSet host = dump.Bars;
            header.Findings.ShouldBeEmpty(dump.Name);
            for (int i = 0; i < 6; i++)
            {
                (header[i].Kind, header[i].IsPrefetchable, header[i].Address, header[i].IsAssigned)
                    .ShouldBe((host[i].Kind, host[i].IsPrefetchable, host[i].Address, host[i].IsAssigned), $"{dump.Name} BAR {i}");
                header[i].Length.ShouldBe(0UL);
            }
        }
    }

    [Fact]
    public void A_rom_is_the_seventh()
    {
        BarSet bars = BarSet.FromResource(Repeat(6) + "0x00000000fe000000 0x00000000fe03ffff 0x0000000000046200\n" + Repeat(6));
        bars[BarResource.RomIndex].ShouldBe(new BarResource(6, BarKind.Rom, true, 0xFE000000, 0x40000, true));
        bars[BarResource.RomIndex].IsMemory.ShouldBeFalse();
        BarSet.FromHeader(FunctionDump.SpaceOf(64, "030: 01 00 00 fe"))[6].ShouldBe(new BarResource(6, BarKind.Rom, false, 0xFE000000, 0, true));
        BarSet.FromHeader(FunctionDump.SpaceOf(64, "00e: 01", "038: 00 00 00 fe"))[6].Address.ShouldBe(0xFE000000UL);
        BarSet.FromHeader(FunctionDump.SpaceOf(64, "030: 01 00 00 00"))[6].IsImplemented.ShouldBeFalse();
    }

    [Theory]
    [InlineData("0x0000000000000000 0x0000000000003fff 0x0000000020140204", BarKind.Memory64, 0x4000UL)] // never placed: unset
    [InlineData("0x0000000000000000 0x0000000000003fff 0x0000000000040200", BarKind.Memory32, 0x4000UL)]
    [InlineData("0x0000000000000000 0x0000000000000000 0x0000000000040200", BarKind.Memory32, 0UL)]
    [InlineData("0x00000000fe000000 0x00000000fe003fff 0x0000000010040200", BarKind.Memory32, 0x4000UL)] // disabled
    [InlineData("0x00000000fe000000 0x00000000fe003fff 0x0000000020040200", BarKind.Memory32, 0x4000UL)]
    public void A_bar_without_addresses_keeps_its_kind_and_length(string line, BarKind kind, ulong length)
    {
        BarResource bar = BarSet.FromResource(line + "\n" + Repeat(6))[0];
        bar.Kind.ShouldBe(kind);
        bar.Length.ShouldBe(length);
        bar.IsAssigned.ShouldBeFalse();
    }

    [Theory]
    [InlineData("")]
    [InlineData("\n")]
    [InlineData("nonsense")]
    [InlineData("0x1000 0x1fff")]
    [InlineData("0x1000 0x1fff 0x200 0x0")]
    [InlineData("1000 1fff 200")]
    [InlineData("0x1000 0xfff 0x200")]
    [InlineData("0x0 0xffffffffffffffff 0x200")]
    [InlineData("0x10000000000000000 0x1fff 0x200")]
    [InlineData("0x-1 0x1fff 0x200")]
    [InlineData("0x1000 0x1fff 0x300")]
    [InlineData("0x1000 0x1fff 0x0")]
    public void A_line_that_makes_no_sense_is_noted_and_the_rest_read(string line)
    {
        BarSet bars = BarSet.FromResource(line + "\n0x2000 0x2fff 0x200\n" + Repeat(5));
        bars[0].Kind.ShouldBe(BarKind.Unimplemented);
        bars.Findings.ShouldNotBeEmpty();
        bars[line == "\n" ? 2 : 1].Length.ShouldBe(0x1000UL);
    }

    [Theory]
    [InlineData(null)]
    [InlineData("")]
    [InlineData("  \n")]
    public void Without_text_the_header_speaks(string? text) =>
        BarSet.Read(text, FunctionDump.Load("nvme").Space)[0].ShouldBe(new BarResource(0, BarKind.Memory64, false, 0xFDA00000, 0, true));

    [Fact]
    public void Too_few_lines_are_noted()
    {
        BarSet bars = BarSet.FromResource("0x1000 0x1fff 0x200\n");
        bars[0].Length.ShouldBe(0x1000UL);
        bars.Findings.ShouldHaveSingleItem().Text.ShouldContain("1 resources");
    }

    [Fact]
    public void A_bar_where_an_upper_half_should_be_is_noted_and_kept()
    {
        BarSet bars = BarSet.FromResource("0x100000 0x10ffff 0x100200\n0x2000 0x2fff 0x200\n" + Repeat(5));
        bars[1].Kind.ShouldBe(BarKind.Memory32);
        bars.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x14);
    }

    [Fact]
    public void Sixty_four_bits_take_two_registers_of_the_header()
    {
        BarSet bars = BarSet.FromHeader(FunctionDump.SpaceOf(64, "010: 0c 00 00 e0 78 56 34 12 01 c0 00 00"));
        bars[0].ShouldBe(new BarResource(0, BarKind.Memory64, true, 0x12345678_E0000000, 0, true));
        bars[1].IsUpperHalf.ShouldBeTrue();
        bars[2].ShouldBe(new BarResource(2, BarKind.Io, false, 0xC000, 0, true));
    }

    [Theory]
    [InlineData("00", "024: 04 00 00 e0", 5)]
    [InlineData("01", "014: 04 00 00 e0", 1)]
    public void Sixty_four_bits_in_the_last_register_are_noted(string type, string register, int index)
    {
        BarSet bars = BarSet.FromHeader(FunctionDump.SpaceOf(64, $"00e: {type}", register));
        bars.Findings.ShouldHaveSingleItem().Offset.ShouldBe(0x10 + (4 * index));
        bars[index].Address.ShouldBe(0xE0000000UL);
    }

    [Fact]
    public void A_bridge_has_two_bars_and_a_cardbus_bridge_none()
    {
        BarSet.FromHeader(FunctionDump.Load("switch-upstream").Space).ShouldAllBe(bar => !bar.IsImplemented);
        BarSet.FromHeader(FunctionDump.SpaceOf(64, "00e: 02", "010: 00 00 00 e0")).ShouldAllBe(bar => !bar.IsImplemented);
    }

    [Fact]
    public void An_absent_function_has_no_bars()
    {
        var ones = new byte[256];
        Array.Fill(ones, byte.MaxValue);
        BarSet.FromHeader(new ConfigurationSpace(ones)).ShouldAllBe(bar => !bar.IsImplemented);
    }

    [Fact]
    public void A_what_if_gives_the_bars_it_knows()
    {
        BarSet bars = BarSet.Of(BarResource.OfLength(2, 0x1000));
        bars[2].IsMemory.ShouldBeTrue();
        bars.Where(bar => bar.IsImplemented).ShouldHaveSingleItem();
        BarSet.Empty.Select(bar => bar.Index).ShouldBe([0, 1, 2, 3, 4, 5, 6]);
        Should.Throw<ArgumentOutOfRangeException>(() => BarResource.OfLength(6, 1));
        Should.Throw<ArgumentException>(() => BarSet.Of(BarResource.OfLength(2, 1), BarResource.OfLength(2, 2)));
        Should.Throw<ArgumentOutOfRangeException>(() => BarSet.Empty[7]);
        Should.Throw<ArgumentOutOfRangeException>(() => BarSet.Empty[-1]);
    }

    private static string Repeat(int lines) => string.Concat(Enumerable.Repeat(Nothing, lines));
}
