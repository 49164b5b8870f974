using System.Diagnostics;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Tests.Dma;

public sealed class IovaAllocatorTests
{
    private const ulong Page = 0x1000;

    private static readonly IovaRange Everything = RecordingFunction.Range(0, ulong.MaxValue);

    [Fact]
    public void The_whole_64_bit_space_can_be_had_to_its_last_byte()
    {
        var allocator = new IovaAllocator([Everything], Page);

        allocator.TryTakeAt(new Iova(0), Page).ShouldBeTrue();
        allocator.TryTakeAt(new Iova(ulong.MaxValue - (Page - 1)), Page).ShouldBeTrue();
        allocator.TryTakeAt(new Iova(ulong.MaxValue - (Page - 1)), Page).ShouldBeFalse("it is taken");
        allocator.TryTakeAt(new Iova(ulong.MaxValue - (Page - 1)), 2 * Page).ShouldBeFalse("it would wrap");
        allocator.TryTake(1ul << 63, 1ul << 63, ulong.MaxValue, out _).ShouldBeFalse("neither half is whole");
        allocator.Release(new Iova(ulong.MaxValue - (Page - 1)), Page);
        allocator.TryTake(1ul << 63, 1ul << 63, ulong.MaxValue, out Iova upper).ShouldBeTrue();
        upper.Value.ShouldBe(1ul << 63);
        allocator.Release(upper, 1ul << 63);
        allocator.Release(new Iova(0), Page);

        allocator.Free.ShouldBe([Everything]);
    }

    [Fact]
    public void Address_0_is_never_chosen()
    {
        var allocator = new IovaAllocator([RecordingFunction.Range(0, (2 * Page) - 1)], Page);

        allocator.TryTake(Page, Page, ulong.MaxValue, out Iova iova).ShouldBeTrue();
        iova.Value.ShouldBe(Page);
        allocator.TryTake(Page, Page, ulong.MaxValue, out _).ShouldBeFalse();
        allocator.TryTakeAt(new Iova(0), Page).ShouldBeTrue("who asks for it gets it");
    }

    [Fact]
    public void Nothing_is_taken_across_the_border_of_two_ranges_though_they_touch()
    {
        var allocator = new IovaAllocator([RecordingFunction.Range(Page, (2 * Page) - 1), RecordingFunction.Range(2 * Page, (3 * Page) - 1)], Page);

        allocator.TryTake(2 * Page, Page, ulong.MaxValue, out _).ShouldBeFalse();
        allocator.TryTakeAt(new Iova(Page), 2 * Page).ShouldBeFalse();
        allocator.TryTake(Page, Page, ulong.MaxValue, out Iova first).ShouldBeTrue();
        allocator.TryTake(Page, Page, ulong.MaxValue, out Iova second).ShouldBeTrue();
        allocator.Release(first, Page);
        allocator.Release(second, Page);
        allocator.TryTake(2 * Page, Page, ulong.MaxValue, out _).ShouldBeFalse();
    }

    [Fact]
    public void What_was_not_taken_cannot_be_given_back()
    {
        var allocator = new IovaAllocator([RecordingFunction.Range(Page, (16 * Page) - 1)], Page);
        allocator.TryTake(4 * Page, Page, ulong.MaxValue, out Iova iova).ShouldBeTrue();

        Should.Throw<UnreachableException>(() => allocator.Release(iova, 5 * Page));
        Should.Throw<UnreachableException>(() => allocator.Release(new Iova(8 * Page), Page));
        Should.Throw<UnreachableException>(() => allocator.Release(new Iova(0), Page));
        allocator.Release(iova, 4 * Page);
        Should.Throw<UnreachableException>(() => allocator.Release(iova, 4 * Page));
    }

    [Fact]
    public void Ranges_that_overlap_or_descend_are_refused() => Should.Throw<ArgumentException>(
        () => new IovaAllocator([RecordingFunction.Range(0, Page), RecordingFunction.Range(Page, 2 * Page)], Page))
        .Message.ShouldContain("0x0-0x1000 and 0x1000-0x2000");

    [Fact]
    public void A_hundred_thousand_holes_too_small_are_passed_over()
    {
        const int Holes = 100_000;
        var allocator = new IovaAllocator([Everything], Page);
        for (int i = 0; i < 2 * Holes; i++)
        {
            allocator.TryTake(Page, Page, ulong.MaxValue, out _).ShouldBeTrue();
        }

        for (ulong i = 1; i <= 2 * Holes; i += 2)
        {
            allocator.Release(new Iova(i * Page), Page);
        }

        // One that searched from the start would look at 10^10 holes, and this test would not end in its time.
        for (int i = 0; i < Holes; i++)
        {
            allocator.TryTake(2 * Page, Page, ulong.MaxValue, out Iova iova).ShouldBeTrue();
            iova.Value.ShouldBeGreaterThanOrEqualTo((2 * Holes - 1) * Page);
        }
    }
}
