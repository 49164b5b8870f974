using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using static VfioSharp.Pci.Tests.Mapping.Ask;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>Mistakes that programs with this decision in them have shipped.</summary>
public sealed class ShippedBugTests
{
    [Fact]
    public void The_tail_of_a_table_that_starts_in_a_page_is_trapped_too()
    {
        // 129 vectors from 0x5200 end at 0x5a10: one page. From 0x5f00 they end at 0x6710: two.
        Question(64 * K, Vectors(129, 0x5200)).Decide().Trapped.ShouldBe([Bytes(0x5000, 0x6000)]);
        Question(64 * K, Vectors(129, 0x5f00)).Decide().Trapped.ShouldBe([Bytes(0x5000, 0x7000)]);
    }

    [Fact]
    public void Sixteen_bytes_in_a_second_page_trap_it() =>
        Question(32 * K, Vectors(257, 0x4000), pba: Bytes(0x6000, 0x6028)).Decide().Trapped.ShouldBe([Bytes(0x4000, 0x6000)]);

    [Fact]
    public void Ranges_are_counted_from_the_bar_not_from_the_table()
    {
        MsixTableDecision decision = Question(16 * K, Vectors(16, 0x3000)).Decide();

        decision.Trapped.ShouldBe([Bytes(0x3000, 0x4000)]);
        decision.Mapped.ShouldBe([Bytes(0, 0x3000)]);
    }

    [Fact]
    public void A_relocated_table_does_not_move_the_hole()
    {
        MsixTableDecision decision = Question(16 * K, Vectors(16, 0x2000), relocation: 0).Decide();

        decision.Trapped.ShouldBe([Bytes(0x2000, 0x3000)]);
        decision.Mapped.ShouldBe([Bytes(0, 0x2000), Bytes(0x3000, 0x4000)]);
    }

    [Fact]
    public void Every_sparse_area_is_honoured_in_whatever_order()
    {
        ByteRange[] areas = [Bytes(0xc000, 0x10000), Bytes(0, 0), Bytes(0x4000, 0x5000), Bytes(0, 0x2000), Bytes(0x4800, 0x6000)];

        Question(64 * K, Vectors(16, 0x2000), offered: [.. areas]).Decide().Mapped
            .ShouldBe([Bytes(0, 0x2000), Bytes(0x4000, 0x6000), Bytes(0xc000, 0x10000)]);
    }

    [Fact]
    public void The_pending_bits_trap_nothing_wherever_they_lie()
    {
        MsixTableDecision here = Question(64 * K, Vectors(16, 0x2000), pba: Bytes(0x8000, 0x8008)).Decide();
        MsixTableDecision elsewhere = Question(64 * K, Vectors(16, 0x2000)).Decide();
        MsixTableDecision alone = Question(64 * K, pba: Bytes(0x8000, 0x8008)).Decide();

        here.Trapped.ShouldBe([Bytes(0x2000, 0x3000)]);
        here.Mapped.ShouldBe(elsewhere.Mapped);
        alone.Mapped.ShouldBe([Bytes(0, 64 * K)]);
    }

    [Theory]
    [InlineData(IsolationVerdict.Isolated)]
    [InlineData(IsolationVerdict.NotIsolated)]
    public void A_16K_bar_on_a_host_with_64K_pages_is_one_page_that_ends_with_the_bar(IsolationVerdict verdict)
    {
        MsixTableDecision decision = Question(16 * K, Vectors(16, 0x2000), page: 64 * K, verdict: verdict).Decide();

        (verdict == IsolationVerdict.Isolated ? decision.Mapped : decision.Trapped).ShouldBe([Bytes(0, 16 * K)]);
        (verdict == IsolationVerdict.Isolated ? decision.Trapped : decision.Mapped).ShouldBeEmpty();
    }

    [Fact]
    public void No_range_leaves_the_bar_when_its_last_page_is_rounded_up()
    {
        MsixTableDecision decision = Question(0x12340, Vectors(4, 0x12300)).Decide();

        decision.Trapped.ShouldBe([Bytes(0x12000, 0x12340)]);
        decision.Mapped.ShouldBe([Bytes(0, 0x12000)]);
    }

    [Fact]
    public void A_bar_smaller_than_a_page_maps_whole_or_not_at_all()
    {
        ByteRange table = Vectors(2, 0x80);

        Question(256, table, pba: Bytes(0x90, 0x98), verdict: IsolationVerdict.Isolated).Decide().Mapped.ShouldBe([Bytes(0, 256)]);
        Question(256, table).Decide().Trapped.ShouldBe([Bytes(0, 256)]);
        Question(256).Decide().Mapped.ShouldBe([Bytes(0, 256)]);
        Question(256, offered: [Bytes(0, 255)]).Decide().Trapped.ShouldBe([Bytes(0, 256)]);
        Question(256, offered: [Bytes(1, 256)]).Decide().Trapped.ShouldBe([Bytes(0, 256)]);
    }

    [Fact]
    public void A_table_at_the_start_leaves_what_follows_it_mapped() =>
        Question(16 * K, Vectors(5, 0)).Decide().Mapped.ShouldBe([Bytes(0x1000, 0x4000)]);

    [Fact]
    public void A_table_at_the_end_leaves_what_precedes_it_mapped() =>
        Question(16 * K, Vectors(5, 0x3fb0)).Decide().Mapped.ShouldBe([Bytes(0, 0x3000)]);

    [Fact]
    public void Registers_on_a_trapped_page_are_among_what_is_forwarded()
    {
        MsixTableDecision decision = Question(64 * K, Vectors(2048, 0x80), pba: Bytes(0x8080, 0x8180)).Decide();

        decision.Trapped.ShouldBe([Bytes(0, 0x9000)]);
        decision.Trapped[0].Contains(Bytes(0, 0x80)).ShouldBeTrue();
    }

    [Fact]
    public void One_table_does_not_trap_a_bar_of_128_GiB()
    {
        ulong length = 128UL << 30;

        MsixTableDecision decision = Question(length, Vectors(9, 0xb90000), page: 64 * K).Decide();

        decision.Trapped.ShouldBe([Bytes(0xb90000, 0xba0000)]);
        decision.Mapped.ShouldBe([Bytes(0, 0xb90000), Bytes(0xba0000, length)]);
    }

    [Fact]
    public void Nothing_wraps_at_the_top_of_64_bits()
    {
        const ulong Top = ulong.MaxValue;
        ByteRange table = Bytes(Top - 32, Top);

        Question(Top, table).Decide().Trapped.ShouldBe([Bytes(Top - 4095, Top)]);
        Question(Top, table, page: 1UL << 63).Decide().Mapped.ShouldBe([Bytes(0, 1UL << 63)]);
        Question(1UL << 63, Vectors(1, 0), page: 1UL << 63).Decide().Trapped.ShouldBe([Bytes(0, 1UL << 63)]);
    }
}
