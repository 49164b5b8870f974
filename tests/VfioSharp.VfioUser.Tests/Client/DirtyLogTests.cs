using System.Collections.Immutable;
using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>What the client learns of the memory that a function writes is all of it, and each page once.</summary>
public sealed class DirtyLogTests : IAsyncLifetime
{
    private const int PageSize = 4096;
    private const int Pages = 40;

    private readonly MemoryMappedFile file = MemoryMappedFile.CreateNew(null, Pages * PageSize);
    private readonly MemoryMappedViewAccessor view;
    private MigrationRig rig = null!;
    private DmaBuffer shared = null!;
    private DmaBuffer told = null!;

    public DirtyLogTests() => view = file.CreateViewAccessor();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private SystemMemory Memory => rig.Model.SystemMemory;

    public async ValueTask InitializeAsync()
    {
        rig = await MigrationRig.StartAsync();
        shared = rig.Function.Dma.Allocate(Pages * PageSize); // has a file, which the server maps
        told = rig.Function.Dma.Map(view.SafeMemoryMappedViewHandle); // has none that goes along: reached by messages
    }

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        view.Dispose();
        file.Dispose();
    }

    [Fact]
    public async Task A_page_is_told_once_however_it_was_written()
    {
        await rig.Migration.StartLogAsync([], Stop).Soon();
        Memory.TryWrite(shared.Iova + 5, [1]).ShouldBeTrue();
        Memory.TryLease(shared.Iova + (3 * PageSize), 8, DmaAccess.Write, out MemoryLease lease).ShouldBeTrue();
        lease.Dispose();
        Memory.TryWrite(told.Iova + ((2 * PageSize) - 1), [1, 2]).ShouldBeTrue();
        Memory.TryRead(told.Iova + (5 * PageSize), new byte[8]).ShouldBeTrue(); // read only
        (await ReadAsync(shared)).ShouldBe([0, 3]);
        (await ReadAsync(told)).ShouldBe([1, 2]);
        (await ReadAsync(shared)).ShouldBeEmpty();
        (await ReadAsync(told)).ShouldBeEmpty();
        Memory.TryWrite(shared.Iova, [2]).ShouldBeTrue();
        (await ReadAsync(shared)).ShouldBe([0]);
    }

    [Fact]
    public async Task Pages_that_touch_are_one_range_also_where_two_replies_meet()
    {
        await using MigrationRig modest = await MigrationRig.StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = 4096 } });
        const int perReply = 4096 / 2 * 8; // pages that half of what may be transferred tells of
        using DmaBuffer buffer = modest.Function.Dma.Allocate(2L * perReply * PageSize);
        await modest.Migration.StartLogAsync([], Stop).Soon();
        foreach (int page in (int[])[0, perReply - 2, perReply - 1, perReply, perReply + 1, (2 * perReply) - 1])
        {
            modest.Model.SystemMemory.TryWrite(buffer.Iova + ((ulong)page * PageSize), [1]).ShouldBeTrue();
        }

        (await modest.Migration.ReadLogAsync(RangeOf(buffer, 0, 2 * perReply), Stop).Soon())
            .ShouldBe([RangeOf(buffer, 0, 1), RangeOf(buffer, perReply - 2, 4), RangeOf(buffer, (2 * perReply) - 1, 1)]);
    }

    [Fact]
    public async Task Only_what_was_asked_for_is_noted()
    {
        await rig.Migration.StartLogAsync([RangeOf(shared, 2, 3)], Stop).Soon();
        Memory.TryWrite(shared.Iova, new byte[10 * PageSize]).ShouldBeTrue();
        Memory.TryWrite(told.Iova, [1]).ShouldBeTrue();
        (await ReadAsync(shared)).ShouldBe([2, 3, 4]);
        (await ReadAsync(told)).ShouldBeEmpty();
    }

    [Fact]
    public async Task Before_it_begins_and_once_it_has_ended_there_is_no_log()
    {
        Memory.TryWrite(shared.Iova, [1]).ShouldBeTrue();
        await Should.ThrowAsync<PciException>(() => ReadAsync(shared));
        await Should.ThrowAsync<PciException>(async () => await rig.Migration.StopLogAsync(Stop).Soon());
        await rig.Migration.StartLogAsync([], Stop).Soon();
        await Should.ThrowAsync<PciException>(async () => await rig.Migration.StartLogAsync([], Stop).Soon());
        (await ReadAsync(shared)).ShouldBeEmpty();
        await rig.Migration.StopLogAsync(Stop).Soon();
        await Should.ThrowAsync<PciException>(() => ReadAsync(shared));
    }

    [Fact]
    public async Task A_range_that_is_not_of_whole_pages_is_the_caller_s_mistake()
    {
        await rig.Migration.StartLogAsync([], Stop).Soon();
        await Should.ThrowAsync<ArgumentException>(async () => await rig.Migration.ReadLogAsync(new IovaRange(new Iova(1), new Iova(4095)), Stop));
        await Should.ThrowAsync<ArgumentException>(async () => await rig.Migration.ReadLogAsync(new IovaRange(new Iova(0), new Iova(4096)), Stop));
    }

    [Fact]
    public async Task Whatever_is_written_the_log_tells_as_a_model_of_it_does()
    {
        await rig.Migration.StartLogAsync([], Stop).Soon();
        Fuzz.Run(30, random => RunAsync(random).GetAwaiter().GetResult());
    }

    [Fact]
    public async Task What_is_copied_by_the_log_alone_is_a_copy_also_of_memory_written_meanwhile()
    {
        byte[] copyOfShared = shared.Span.ToArray();
        byte[] copyOfTold = told.Span.ToArray();
        await rig.Migration.StartLogAsync([], Stop).Soon();
        int left = Fuzz.Iterations(3000);
        ulong seed = (ulong)Environment.TickCount64;
        Task writing = Task.Factory.StartNew(
            () =>
            {
                var random = new FuzzRandom(seed);
                byte[] data = new byte[2 * PageSize];
                while (left-- > 0)
                {
                    DmaBuffer buffer = random.OneIn(4) ? told : shared;
                    Span<byte> part = data.AsSpan(0, 1 + random.Below(data.Length));
                    random.Fill(part);
                    Memory.TryWrite(buffer.Iova + (ulong)random.Below((Pages * PageSize) - part.Length), part).ShouldBeTrue();
                }
            },
            Stop,
            TaskCreationOptions.LongRunning,
            TaskScheduler.Default);
        int rounds = 0;
        while (!writing.IsCompleted)
        {
            await CopyAsync(shared, copyOfShared);
            await CopyAsync(told, copyOfTold);
            rounds++;
        }

        await writing;
        await rig.Migration.StopAsync(Stop).Soon();
        await CopyAsync(shared, copyOfShared);
        await CopyAsync(told, copyOfTold);
        copyOfShared.AsSpan().SequenceEqual(shared.Span).ShouldBeTrue($"after {rounds} rounds from seed {seed}");
        copyOfTold.AsSpan().SequenceEqual(told.Span).ShouldBeTrue($"after {rounds} rounds from seed {seed}");
        copyOfShared.AsSpan().IndexOfAnyExcept((byte)0).ShouldBeGreaterThanOrEqualTo(0);
    }

    private static IovaRange RangeOf(DmaBuffer buffer, int page, int count) =>
        new(buffer.Iova + ((ulong)page * PageSize), buffer.Iova + (((ulong)(page + count) * PageSize) - 1));

    private async Task RunAsync(FuzzRandom random)
    {
        (DmaBuffer Buffer, HashSet<int> Dirty)[] model = [(shared, []), (told, [])];
        for (int step = 0; step < 40; step++)
        {
            (DmaBuffer buffer, HashSet<int> dirty) = random.Pick(model);
            if (random.OneIn(4))
            {
                int page = random.Below(Pages);
                int count = 1 + random.Below(Pages - page);
                int[] expected = [.. dirty.Where(written => written >= page && written < page + count).Order()];
                (await ReadAsync(buffer, page, count)).ShouldBe(expected);
                dirty.ExceptWith(expected);
                continue;
            }

            int length = random.OneIn(3) ? 1 + random.Below(4 * PageSize) : random.Below(17);
            int at = random.OneIn(3) ? (random.Below(Pages - 5) * PageSize) + random.Pick(0, PageSize - 1, PageSize - 8) : random.Below((Pages * PageSize) - length);
            bool leased = random.OneIn(3) && length > 0 && buffer == shared;
            if (leased && Memory.TryLease(buffer.Iova + (ulong)at, length, DmaAccess.ReadWrite, out MemoryLease lease))
            {
                lease.Dispose();
            }
            else
            {
                Memory.TryWrite(buffer.Iova + (ulong)at, new byte[length]).ShouldBeTrue();
            }

            for (int page = at / PageSize; length > 0 && page <= (at + length - 1) / PageSize; page++)
            {
                dirty.Add(page);
            }
        }

        foreach ((DmaBuffer buffer, HashSet<int> dirty) in model)
        {
            (await ReadAsync(buffer)).ShouldBe(dirty.Order());
        }
    }

    // The pages that were written, by their numbers in the buffer.
    private async Task<int[]> ReadAsync(DmaBuffer buffer, int page = 0, int count = Pages)
    {
        ImmutableArray<IovaRange> written = await rig.Migration.ReadLogAsync(RangeOf(buffer, page, count), Stop).Soon();
        for (int i = 1; i < written.Length; i++)
        {
            (written[i].First.Value - written[i - 1].Last.Value).ShouldBeGreaterThan(1ul, "ranges are ascending and do not touch");
        }

        return [.. written.SelectMany(range => Enumerable.Range(PageOf(range.First), PageOf(range.Last) - PageOf(range.First) + 1))];

        int PageOf(Iova address) => (int)((address.Value - buffer.Iova.Value) / PageSize);
    }

    private async Task CopyAsync(DmaBuffer buffer, byte[] copy)
    {
        foreach (int page in await ReadAsync(buffer))
        {
            buffer.Span.Slice(page * PageSize, PageSize).CopyTo(copy.AsSpan(page * PageSize));
        }
    }
}
