using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using static VfioSharp.Pci.Configuration.BarKind;
using static VfioSharp.Pci.Tests.Mapping.Ask;

namespace VfioSharp.Pci.Tests.Mapping;

public sealed class MsixRelocationTests
{
    [Fact]
    public void A_bar_that_is_not_implemented_comes_first_and_an_upper_half_is_none() =>
        Suggest(Bar(0, Memory64, 16 * K), Bar(1, UpperHalf), Bar(3, Memory32, 4 * K)).ShouldBe(2);

    [Fact]
    public void Without_a_free_bar_the_smallest_that_can_be_doubled_is_named() =>
        Suggest(
            Bar(0, Memory32, 1 << 20), Bar(1, Io, 32), Bar(2, Memory32, 8 * K), Bar(3, Memory32, 4 * K),
            Bar(4, Memory64, 1 << 30), Bar(5, UpperHalf)).ShouldBe(3);

    [Fact]
    public void Three_64_bit_bars_leave_the_smallest_of_them() =>
        Suggest(
            Bar(0, Memory64, 16 * K), Bar(1, UpperHalf), Bar(2, Memory64, 4 * K), Bar(3, UpperHalf), Bar(4, Memory64, 8 * K), Bar(5, UpperHalf))
            .ShouldBe(2);

    [Fact]
    public void A_32_bit_bar_above_1_GiB_cannot_be_doubled()
    {
        BarResource[] others = [.. Enumerable.Range(1, 5).Select(index => Bar(index, Io, 32))];

        Suggest([Bar(0, Memory32, 2UL << 30), .. others]).ShouldBeNull();
        Suggest([Bar(0, Memory32, 1UL << 30), .. others]).ShouldBe(0);
    }

    private static int? Suggest(params BarResource[] bars) => MsixRelocation.Suggest(BarSet.Of(bars));

    private static BarResource Bar(int index, BarKind kind, ulong length = 0) =>
        new(index, kind, IsPrefetchable: false, Address: 0, length, IsAssigned: true);
}
