using System.Numerics;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Emulation;

public sealed class DirtyLogTests
{
    private const ulong Page = 4096;
    private const ulong Start = 0x10_0000;

    private readonly TestFunction function = new(TestFunction.LayoutOf());
    private readonly DirtyLog log = new([]);
    private readonly ArrayRegion region = new(new Iova(Start), new byte[16 * Page]);

    public DirtyLogTests()
    {
        function.PowerOn();
        function.SystemMemory.TryAdd(region).ShouldBeTrue();
        function.SystemMemory.Log = log;
    }

    [Fact]
    public void What_was_taken_is_forgotten_and_nothing_beside_it()
    {
        log.Mark(Start, 3 * Page);
        Taken(Start + Page, 1).ShouldBe(1UL);
        Taken(Start, 3).ShouldBe(0b101UL);
        Taken(Start, 3).ShouldBe(0UL);
    }

    [Fact]
    public void A_bit_stands_for_a_unit_in_which_anything_was_written()
    {
        log.Mark(5 * Page, 1);
        log.Mark((64 * 4 * Page) - 1, 2); // the last byte of one unit and the first of the next, in another word
        ulong[] bitmap = new ulong[2];
        log.Take(0, 65 * 4 * Page, 4 * Page, bitmap);
        bitmap.ShouldBe([(1UL << 63) | 0b10, 1UL]);
    }

    [Fact]
    public void Nothing_written_is_nothing_to_note()
    {
        log.Mark(Start, 0);
        log.Mark(0, 0);
        Taken(0, 64).ShouldBe(0UL);
        Taken(Start, 16).ShouldBe(0UL);
    }

    [Fact]
    public void The_whole_address_space_is_told_in_no_time()
    {
        // As many pieces of it as there are would take years to look at; this ends.
        log.Mark(ulong.MaxValue, 1);
        log.Mark(1UL << 40, Page);
        const ulong Unit = 1UL << 57;
        ulong[] bitmap = new ulong[2];
        log.Take(0, 127 * Unit, Unit, bitmap);
        bitmap.ShouldBe([1UL, 0UL]);
        log.Take(Unit, 127 * Unit, Unit, bitmap);
        bitmap.ShouldBe([0UL, 1UL << 62]);
    }

    [Fact]
    public async Task What_is_written_while_it_is_asked_is_told_now_or_the_next_time()
    {
        const int Threads = 3;
        const int Pages = 64;
        int rounds = Fuzz.Iterations(300, longFactor: 100);
        long[] marks = new long[Pages];
        long[] told = new long[Pages];
        Task[] writers = [.. Enumerable.Range(0, Threads).Select(index => Task.Run(() =>
        {
            var random = new FuzzRandom((ulong)index);
            for (int i = 0; i < rounds; i++)
            {
                int page = random.Below(Pages);
                log.Mark(((ulong)page * Page) + 7, 1);
                Interlocked.Increment(ref marks[page]);
            }
        }))];
        Task all = Task.WhenAll(writers);
        while (!all.IsCompleted)
        {
            Count();
        }

        await all.Soon();
        long[] marked = [.. marks];
        Count();
        for (int page = 0; page < Pages; page++)
        {
            told[page].ShouldBeLessThanOrEqualTo(marked[page]);
            (told[page] > 0).ShouldBe(marked[page] > 0, $"page {page}");
        }

        void Count()
        {
            for (ulong left = Taken(0, Pages); left != 0; left &= left - 1)
            {
                told[BitOperations.TrailingZeroCount(left)]++;
            }
        }
    }

    [Fact]
    public async Task A_mark_after_the_asking_is_never_lost()
    {
        // Each time the page is taken, the writer marks it once more: a mark that was lost ends the game.
        int rounds = Fuzz.Iterations(2000, longFactor: 50);
        int seen = 0;
        var writer = Task.Run(() =>
        {
            for (int i = 0; i < rounds; i++)
            {
                log.Mark(Start, 1);
                int expected = i + 1;
                Patience.Until(() => Volatile.Read(ref seen) == expected);
            }
        }, TestContext.Current.CancellationToken);
        Patience.Until(() =>
        {
            seen += Taken(Start, 1) != 0 ? 1 : 0;
            return seen == rounds;
        });
        await writer.Soon();
    }

    [Fact]
    public void Writes_are_noted_and_reads_are_not()
    {
        function.SystemMemory.TryWrite(new Iova(Start + Page - 1), [1, 2]).ShouldBeTrue();
        function.SystemMemory.TryRead(new Iova(Start + (4 * Page)), new byte[1]).ShouldBeTrue();
        Taken(Start, 16).ShouldBe(0b11UL);
    }

    [Fact]
    public void A_write_that_fails_is_noted_as_far_as_it_may_have_gone()
    {
        function.SystemMemory.TryWrite(new Iova(Start + (15 * Page)), new byte[Page + 1]).ShouldBeFalse();
        Taken(Start, 17).ShouldBe(1UL << 15);
        region.IsReachable = false;
        function.SystemMemory.TryWrite(new Iova(Start), [1]).ShouldBeFalse();
        Taken(Start, 17).ShouldBe(1UL);
        function.SystemMemory.TryWrite(new Iova(0), [1]).ShouldBeFalse();
        Taken(0, 64).ShouldBe(0UL);
    }

    [Fact]
    public void A_lease_to_write_is_noted_when_it_is_over()
    {
        function.SystemMemory.TryLease(new Iova(Start + 10), (int)Page, DmaAccess.ReadWrite, out MemoryLease lease).ShouldBeTrue();
        Taken(Start, 16).ShouldBe(0UL);
        lease.Dispose();
        Taken(Start, 16).ShouldBe(0b11UL);

        function.SystemMemory.TryLease(new Iova(Start), (int)Page, DmaAccess.Read, out lease).ShouldBeTrue();
        lease.Dispose();
        Taken(Start, 16).ShouldBe(0UL);
        function.SystemMemory.TryLease(new Iova(Start), 0, DmaAccess.Write, out lease).ShouldBeTrue();
        lease.Dispose();
        Taken(Start, 16).ShouldBe(0UL);
    }

    [Fact]
    public void A_lease_that_was_taken_before_the_log_is_noted_too()
    {
        function.SystemMemory.Log = null;
        function.SystemMemory.TryLease(new Iova(Start), 8, DmaAccess.Write, out MemoryLease lease).ShouldBeTrue();
        function.SystemMemory.TryLease(new Iova(Start + Page), 8, DmaAccess.Write, out MemoryLease other).ShouldBeTrue();
        other.Dispose();
        function.SystemMemory.Log = log;
        lease.Dispose();
        Taken(Start, 16).ShouldBe(1UL);
        function.SystemMemory.TryWrite(new Iova(Start), [1]).ShouldBeTrue();
        function.SystemMemory.Log = null;
        function.SystemMemory.TryWrite(new Iova(Start + Page), [1]).ShouldBeTrue();
        Taken(Start, 16).ShouldBe(1UL);
    }

    [Fact]
    public void Marking_what_was_marked_before_allocates_nothing()
    {
        log.Mark(Start, 16 * Page);
        ulong[] bitmap = new ulong[1];
        Allocations.Of(
            () =>
            {
                log.Mark(Start, 16 * Page);
                log.Take(Start, 16 * Page, Page, bitmap);
            },
            times: 1000).ShouldBe(0);
        bitmap.ShouldBe([0xFFFFUL]);
    }

    private ulong Taken(ulong start, int pages)
    {
        ulong[] bitmap = [ulong.MaxValue];
        log.Take(start, (ulong)pages * Page, Page, bitmap);
        return bitmap[0];
    }
}
