using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using static VfioSharp.Pci.Mapping.PageContent;
using static VfioSharp.Pci.Tests.Mapping.Ask;

namespace VfioSharp.Pci.Tests.Mapping;

public sealed class PageMapTests
{
    [Fact]
    public void A_bar_of_128_GiB_is_a_handful_of_runs()
    {
        ulong length = 128UL << 30;
        MsixTableDecision decision = Question(length, Vectors(9, 0xb90000), Bytes(0xba0000, 0xba0008)).Decide();

        PageMap.Of(decision).ShouldBe(
        [
            new PageRun(Bytes(0, 0xb90000), Registers, IsMapped: true),
            new PageRun(Bytes(0xb90000, 0xb91000), Registers | Table, IsMapped: false),
            new PageRun(Bytes(0xb91000, 0xba0000), Registers, IsMapped: true),
            new PageRun(Bytes(0xba0000, 0xba1000), Registers | Pba, IsMapped: true),
            new PageRun(Bytes(0xba1000, length), Registers, IsMapped: true),
        ]);
    }

    [Fact]
    public void One_page_can_hold_all_three() =>
        PageMap.Of(Question(16 * K, Vectors(16, 0x2000), Bytes(0x3000, 0x3008), page: 64 * K).Decide())
            .ShouldBe([new PageRun(Bytes(0, 16 * K), Registers | Table | Pba, IsMapped: false)]);

    [Fact]
    public void A_page_that_the_table_fills_holds_no_registers() =>
        PageMap.Of(Question(12 * K, Vectors(300, 0x1000), verdict: IsolationVerdict.Isolated).Decide()).ShouldBe(
        [
            new PageRun(Bytes(0, 0x1000), Registers, IsMapped: true),
            new PageRun(Bytes(0x1000, 0x2000), Table, IsMapped: true),
            new PageRun(Bytes(0x2000, 0x3000), Registers | Table, IsMapped: true),
        ]);

    [Fact]
    public void An_empty_bar_has_no_pages() => PageMap.Of(Question(0).Decide()).ShouldBeEmpty();
}
