using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>A piece is closed once, when nobody uses it any more, whatever races.</summary>
public sealed class MemoryRegionTests
{
    private const ulong Start = 0x1000;

    [Fact]
    public void It_holds_its_bytes_and_no_others_up_to_the_last_address()
    {
        var region = new ArrayRegion(new Iova(ulong.MaxValue - 7), new byte[8]);
        region.Last.ShouldBe(ulong.MaxValue);
        region.Contains(ulong.MaxValue - 8).ShouldBeFalse();
        region.Contains(ulong.MaxValue - 7).ShouldBeTrue();
        region.Contains(ulong.MaxValue).ShouldBeTrue();
        region.Contains(0).ShouldBeFalse();
    }

    [Fact]
    public void It_is_closed_when_the_last_user_leaves_and_lets_nobody_in_before()
    {
        var region = new ArrayRegion(new Iova(Start), new byte[8]);
        region.TryAcquire().ShouldBeTrue();
        region.TryAcquire().ShouldBeTrue();
        Task closed = region.CloseAsync();
        region.CloseAsync().ShouldBe(closed);
        region.TryAcquire().ShouldBeFalse();
        region.Release();
        (closed.IsCompleted, region.Closings).ShouldBe((false, 0));
        region.Release();
        (closed.IsCompleted, region.Closings).ShouldBe((true, 1));
        region.TryAcquire().ShouldBeFalse();
        region.CloseAsync().IsCompleted.ShouldBeTrue();
        region.Closings.ShouldBe(1);
    }

    [Fact]
    public async Task Users_who_race_with_closing_are_all_out_when_it_is_closed_once()
    {
        int rounds = Fuzz.Iterations(3000, longFactor: 30);
        ArrayRegion current = new(new Iova(Start), new byte[8]);
        using var done = new CancellationTokenSource();
        long uses = 0;
        Task[] users = [.. Enumerable.Range(0, 2).Select(index => Task.Run(() =>
        {
            while (!done.IsCancellationRequested)
            {
                ArrayRegion region = Volatile.Read(ref current);
                if (region.TryAcquire())
                {
                    region.Enter();
                    Interlocked.Increment(ref uses);
                    Thread.SpinWait(index * 10);
                    region.Leave();
                    region.Release();
                }
            }
        }))];
        for (int round = 0; round < rounds; round++)
        {
            ArrayRegion region = current;
            Thread.SpinWait(round % 50);

            // Two who close it at the same time, and half of the time it is out of reach before.
            if (round % 2 == 0)
            {
                Volatile.Write(ref current, new ArrayRegion(new Iova(Start), new byte[8]));
            }

            Task other = round % 8 == 0 ? Task.Run(region.CloseAsync, TestContext.Current.CancellationToken) : Task.CompletedTask;
            await region.CloseAsync().Soon();
            await other.Soon();
            Volatile.Write(ref current, new ArrayRegion(new Iova(Start), new byte[8]));
            (region.Closings, region.WasClosedInUse).ShouldBe((1, false), $"round {round}");
        }

        await done.CancelAsync();
        await Task.WhenAll(users).Soon();
        uses.ShouldBeGreaterThan(0);
    }

    [Fact]
    public async Task Whoever_finds_it_in_the_table_may_use_it_until_he_lets_go_of_it()
    {
        int rounds = Fuzz.Iterations(1000, longFactor: 60);
        var table = new RegionTable();
        using var done = new CancellationTokenSource();
        long uses = 0;
        var user = Task.Run(() =>
        {
            byte[] data = new byte[24];
            while (!done.IsCancellationRequested)
            {
                if (table.Acquire(Start + 8) is ArrayRegion region)
                {
                    region.Enter();
                    Interlocked.Increment(ref uses);
                    region.Leave();
                    region.Release();
                }

                table.TryRead(Start, data);
                table.TryWrite(Start, data);
            }
        }, TestContext.Current.CancellationToken);
        var beside = new ArrayRegion(new Iova(Start), new byte[8]);
        table.TryAdd(beside).ShouldBeTrue();
        for (int round = 0; round < rounds; round++)
        {
            var region = new ArrayRegion(new Iova(Start + 8), new byte[16]);
            table.TryAdd(region).ShouldBeTrue();
            long before = Volatile.Read(ref uses);
            if (round % 10 == 0)
            {
                Patience.Until(() => Volatile.Read(ref uses) != before);
            }

            table.Remove(new Iova(Start + 1), new Iova(ulong.MaxValue)).ShouldBe([region]);
            await region.CloseAsync().Soon();
            (region.Closings, region.WasClosedInUse).ShouldBe((1, false), $"round {round}");
        }

        await done.CancelAsync();
        await user.Soon();
        beside.Closings.ShouldBe(0);
        uses.ShouldBeGreaterThan(0);
    }

    [Fact]
    public void An_access_that_fails_in_the_middle_says_so_and_lets_go_of_all()
    {
        var table = new RegionTable();
        ArrayRegion[] regions = [.. Enumerable.Range(0, 3).Select(i => new ArrayRegion(new Iova(Start + ((ulong)i * 8)), new byte[8]))];
        Array.ForEach(regions, region => table.TryAdd(region).ShouldBeTrue());
        regions[1].IsReachable = false;
        table.TryRead(Start, new byte[24]).ShouldBeFalse();
        table.TryWrite(Start, new byte[24]).ShouldBeFalse();
        table.TryRead(Start, new byte[8]).ShouldBeTrue();
        Array.ForEach(regions, region => region.CloseAsync().IsCompleted.ShouldBeTrue());
    }
}
