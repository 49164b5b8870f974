using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Tests.Emulation;

public class LayoutRulesTests
{
    private static readonly FunctionLayout Good = TestFunction.LayoutOf(BarLayout.Memory64(0, 0x4000), BarLayout.Msix(2, 4), BarLayout.Io(3, 32));

    public static TheoryData<string, FunctionLayout> Broken => new()
    {
        { "vendor ID 0xffff", Good with { Identity = new(0xFFFF, 1, default) } },
        { "vendor ID 0x0000", Good with { Identity = default } },
        { "BARs are missing", Good with { Bars = default } },
        { "BAR 6", TestFunction.LayoutOf(BarLayout.Memory32(6, 16)) },
        { "BAR -1", TestFunction.LayoutOf(BarLayout.Memory32(-1, 16)) },
        { "BAR 1 is given twice", TestFunction.LayoutOf(BarLayout.Memory32(1, 16), BarLayout.Io(1, 16)) },
        { "no register follows", TestFunction.LayoutOf(BarLayout.Memory64(5, 16)) },
        { "upper half of 64-bit BAR 2", TestFunction.LayoutOf(BarLayout.Memory64(2, 16), BarLayout.Memory32(3, 16)) },
        { "BAR 0 has 0x8", TestFunction.LayoutOf(BarLayout.Memory32(0, 8)) },
        { "BAR 0 has 0x18", TestFunction.LayoutOf(BarLayout.Memory32(0, 24)) },
        { "BAR 0 has 0x0", TestFunction.LayoutOf(BarLayout.Memory64(0, 0)) },
        { "BAR 0 has 0x200", TestFunction.LayoutOf(BarLayout.Io(0, 512)) },
        { "BAR 0 has 0x100000000", TestFunction.LayoutOf(BarLayout.Memory32(0, 1UL << 32)) },
        { "more than the 2 GiB", TestFunction.LayoutOf(BarLayout.Memory32(0, 1U << 30), BarLayout.Memory32(1, 1U << 31)) },
        { "never memory", TestFunction.LayoutOf(BarLayout.Io(0, 32) with { Memory = [new(0, 8)] }) },
        { "does not lie in BAR 0", TestFunction.LayoutOf(BarLayout.Memory32(0, 32) with { Memory = [new(0, 40)] }) },
        { "units of 8 bytes", TestFunction.LayoutOf(BarLayout.Memory32(0, 32) with { Memory = [new(4, 8)] }) },
        { "is given twice", TestFunction.LayoutOf(BarLayout.Memory32(0, 32) with { Memory = [new(0, 16), new(8, 16)] }) },
        { "does not lie in BAR 0", TestFunction.LayoutOf(BarLayout.Memory32(0, 32) with { Memory = [default] }) },
        { "placed twice", Good with { Msix = new(1, 0, 0, 0, 0x100) } },
        { "2049 vectors", TestFunction.LayoutOf(BarLayout.Memory32(0, 1 << 16)) with { Msix = new(2049, 0, 0, 0, 0xF000) } },
        { "I/O ports", TestFunction.LayoutOf(BarLayout.Io(0, 256)) with { Msix = new(1, 0, 0, 0, 0x80) } },
        { "upper half", TestFunction.LayoutOf(BarLayout.Memory64(0, 4096)) with { Msix = new(1, 1, 0, 0, 0x80) } },
        { "overlaps the table", TestFunction.LayoutOf(BarLayout.Memory64(0, 4096)) with { Msix = new(2, 0, 0, 0, 0x10) } },
        { "beyond BAR 0", TestFunction.LayoutOf(BarLayout.Memory64(0, 256)) with { Msix = new(17, 0, 0, 0, 0x0) } },
        { "no multiple of 8", TestFunction.LayoutOf(BarLayout.Memory64(0, 256)) with { Msix = new(1, 0, 4, 0, 0x80) } },
        { "3 MSI vectors", Good with { MsiVectors = 3 } },
        { "64 MSI vectors", Good with { MsiVectors = 64 } },
        { "-1 MSI vectors", Good with { MsiVectors = -1 } },
        { "no interrupt pin", Good with { Pin = (InterruptPin)5 } },
    };

    [Theory, MemberData(nameof(Broken))]
    public void A_layout_that_breaks_a_rule_is_refused_and_told_why(string why, FunctionLayout layout) =>
        Should.Throw<ArgumentException>(() => new TestFunction(layout)).Message.ShouldContain(why);

    [Fact]
    public void A_layout_that_breaks_none_is_taken() => new TestFunction(Good).Layout.ShouldBe(Good);

    [Fact]
    public void No_layout_is_refused() => Should.Throw<ArgumentNullException>(() => new TestFunction(null!));

    [Theory]
    [InlineData(1, 0x1000, 0x800)]
    [InlineData(128, 0x1000, 0x800)]
    [InlineData(129, 0x2000, 0x1000)]
    [InlineData(2048, 0x10000, 0x8000)]
    public void A_BAR_made_for_MSIX_has_room_for_its_table_and_its_pending_bits(int vectors, ulong length, ulong pba)
    {
        var function = new TestFunction(TestFunction.LayoutOf(BarLayout.Msix(4, vectors)));
        function.Layout.Bars[0].Length.ShouldBe(length);
        var msix = function.Configuration().Capabilities.Msix.ShouldNotBeNull();
        (msix.Vectors, msix.TableBar, msix.TableOffset, msix.PbaBar, msix.PbaOffset).ShouldBe((vectors, 4, 0UL, 4, pba));
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2049)]
    public void A_BAR_cannot_be_made_for_that_many_vectors(int vectors) =>
        Should.Throw<ArgumentOutOfRangeException>(() => BarLayout.Msix(0, vectors));

    [Fact]
    public void What_can_be_mapped_is_the_pages_that_hold_nothing_but_memory_table_and_PBA()
    {
        ulong page = (ulong)Environment.SystemPageSize;
        FunctionLayout layout = TestFunction.LayoutOf(
            BarLayout.Memory64(0, 8 * page) with { Memory = [new(page, page + 8), new(3 * page + 0x80, page - 0x80), new(6 * page, page), new(7 * page, page)] },
            BarLayout.Memory32(2, 64) with { Memory = [new(0, 64)] },
            BarLayout.Memory32(3, 64) with { Memory = [new(0, 32)] });
        var function = new TestFunction(layout with { Msix = new(8, 0, 3 * page, 0, 5 * page) });

        function.Core.Bars.StoreOf(0)!.Mappable.ShouldBe([new ByteRange(page, page), new ByteRange(3 * page, page), new ByteRange(6 * page, 2 * page)]);
        function.Core.Bars.StoreOf(2)!.Mappable.ShouldBe([new ByteRange(0, 64)]);
        (function.Core.Bars.StoreOf(3)?.Mappable ?? []).ShouldBeEmpty();
        (function.Core.Bars.StoreOf(1)?.Mappable ?? []).ShouldBeEmpty();
        function.Core.Bars.StoreOf(1).ShouldBeNull();
    }
}
