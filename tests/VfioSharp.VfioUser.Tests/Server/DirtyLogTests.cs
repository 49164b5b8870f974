using FsCheck;
using FsCheck.Fluent;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Which memory a function writes, told by bitmaps (DMA_LOGGING_START, _STOP and _REPORT).</summary>
public sealed class DirtyLogTests : IAsyncDisposable
{
    private const uint Set = Payloads.Set;
    private const uint Get = Payloads.Get;
    private const ulong Page = 4096;
    private const ulong At = 0x1_0000_0000;
    private const long Length = 512L << 20; // more than one piece of the log, of which little is ever touched

    private static readonly Config Config = Config.QuickThrowOnFailure.WithMaxTest(Fuzz.Iterations(40, longFactor: 50));

    private static readonly Gen<ulong> Places = Gen.Frequency(
        (3, Gen.Choose(0, 40 * 4096)),
        (1, Gen.Choose((128 << 20) - 20_000, (128 << 20) + 20_000)),
        (1, Gen.Choose(0, (int)Length - 100_000))).Select(place => At + (ulong)place);

    private static readonly Gen<Write> Writes =
        from address in Places
        from length in Gen.Frequency((3, Gen.Choose(1, 100)), (1, Gen.Choose(1, 70_000)))
        from how in Gen.Choose(0, 2)
        select new Write(address, length, how);

    private static readonly Gen<Report> Reports =
        from address in Places
        from pages in Gen.Frequency((2, Gen.Choose(1, 200)), (1, Gen.Constant((int)(Length / 4096) - 64)))
        from shift in Gen.Frequency((3, Gen.Constant(0)), (1, Gen.Choose(1, 9)))
        select Aligned(address, pages, Page << shift);

    private static readonly Gen<Case> Cases =
        from ranges in Gen.Frequency((1, Gen.Constant(new List<(ulong, ulong)>())), (2, (
            from address in Places
            from length in Gen.Choose(1, 200_000)
            select (address, (ulong)length)).ListOf(3)))
        from rounds in (from writes in Writes.ListOf(12) from reports in Reports.ListOf(3) select (writes, reports)).ListOf(3)
        select new Case([.. ranges], [.. rounds]);

    private readonly ServerRig rig = new();
    private readonly RawClient client;
    private readonly SharedFile file = new(Length);

    public DirtyLogTests()
    {
        client = rig.Greeted();
        client.PowerOn();
        client.Do(Commands.DmaMap, Payloads.DmaMap(At, (ulong)Length), file.File);
    }

    private SystemMemory Memory => rig.Model.SystemMemory;

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        file.Dispose();
    }

    [Fact]
    public void What_is_written_is_told_and_then_forgotten() => Prop.ForAll(Cases.ToArbitrary(), one =>
    {
        var dirty = new HashSet<ulong>();
        Start(Page, one.Ranges);
        foreach ((List<Write> writes, List<Report> reports) in one.Rounds)
        {
            foreach (Write write in writes)
            {
                Do(write);
                Mark(dirty, write, one.Ranges);
            }

            foreach (Report report in reports)
            {
                Ask(report).SequenceEqual(Take(dirty, report)).ShouldBeTrue($"{report}");
            }
        }

        Stop();
    }).Check(Config);

    [Fact]
    public void Reads_are_not_told()
    {
        Start(Page);
        Memory.TryRead(new Iova(At), new byte[8192]).ShouldBeTrue();
        Memory.TryLease(new Iova(At), 8192, DmaAccess.Read, out MemoryLease lease).ShouldBeTrue();
        lease.Dispose();
        Ask(new Report(At, 64 * Page, Page)).ShouldBe([0UL]);
    }

    [Fact]
    public async Task Writes_by_message_are_told_too()
    {
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x1000, 0x4000));
        Start(Page);
        Task<bool> write = Task.Run(() => Memory.TryWrite(new Iova(0x2FFF), [1, 2]), TestContext.Current.CancellationToken);
        RawMessage command = client.Receive();
        client.Send(RawPeer.Message(command.Id, Commands.DmaWrite, Payloads.Memory(0x2FFF, 2), RawPeer.Reply));
        (await write.Soon()).ShouldBeTrue();
        Ask(new Report(0, 64 * Page, Page)).ShouldBe([0b1100UL]);
    }

    [Theory]
    [InlineData(4096UL)]
    [InlineData(1UL)]
    [InlineData(65536UL)]
    [InlineData(1UL << 63)]
    public void The_page_size_is_a_hint_and_the_answer_says_which_it_is(ulong hint)
    {
        byte[] request = Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(hint).U32(1, 7).U64(At, 8192));
        client.ShouldAnswer(Commands.Feature, request, Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(4096).U32(1, 7).U64(At, 8192)));
        byte[] stop = Payloads.Feature(Payloads.LogStop | Set);
        client.ShouldAnswer(Commands.Feature, stop, stop);
    }

    [Fact]
    public void A_log_is_started_and_stopped_once()
    {
        Refuse(Payloads.Feature(Payloads.LogStop | Set));
        RefuseReport(At, Page, Page);
        Start(Page);
        Refuse(StartOf(Page));
        Stop();
        Refuse(Payloads.Feature(Payloads.LogStop | Set));
        RefuseReport(At, Page, Page);
        Start(Page);
    }

    [Fact]
    public void A_log_that_cannot_be_is_refused()
    {
        Refuse(StartOf(0));
        Refuse(StartOf(4097));
        Refuse(StartOf(ulong.MaxValue));
        Refuse(StartOf(Page, (At, 0UL)));
        Refuse(StartOf(Page, (ulong.MaxValue, 2UL)));
        Refuse(StartOf(Page, (At, Page), (ulong.MaxValue - 10, 100UL)));
        Refuse(Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(Page).U32(1, 0)));
        Refuse(Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(Page).U32(0, 0).U64(At, Page)));
        Refuse(Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(Page).U32(uint.MaxValue, 0).U64(At, Page)));
        Refuse(Payloads.Feature(Payloads.LogStart | Set, new Bytes().U64(Page).U32(0x10000001, 0).U64(At, Page)));
        Start(Page, (ulong.MaxValue, 1UL), (0UL, ulong.MaxValue));
    }

    [Fact]
    public void A_report_that_cannot_be_is_refused()
    {
        Start(Page);
        foreach ((ulong address, ulong length, ulong unit) in ((ulong, ulong, ulong)[])[
            (At, 0, Page), (At, Page, 0), (At, Page, 2048), (At, 3 * Page, 3 * Page), (At + 1, Page, Page), (At, Page + 1, Page), (At + Page, 2 * Page, 2 * Page), (At, Page, 2 * Page),
            (ulong.MaxValue - Page + 1, 2 * Page, Page), (0, 1UL << 63, Page), (0, (1UL << 23) * Page + (64 * Page), Page)])
        {
            RefuseReport(address, length, unit);
        }

        // As much as fits a message is told, however little of it was written, and at the very end of all addresses too.
        Ask(new Report(0, (1UL << 23) * Page, Page)).Length.ShouldBe(1 << 17);
        Ask(new Report(ulong.MaxValue - Page + 1, Page, Page)).ShouldBe([0UL]);
        Ask(new Report(0, 1UL << 63, 1UL << 63)).ShouldBe([0UL]);
    }

    [Fact]
    public void Who_has_no_room_for_the_bitmap_is_refused()
    {
        Start(Page);
        byte[] data = new Bytes().U64(At, 65 * Page, Page);
        for (uint argsz = 8; argsz < 48; argsz++)
        {
            Refuse(Payloads.Feature(Payloads.LogReport | Get, data, argsz));
        }

        client.ShouldAnswer(
            Commands.Feature, Payloads.Feature(Payloads.LogReport | Get, data, 48), Payloads.Feature(Payloads.LogReport | Get, [.. data, .. new byte[16]], 48));
    }

    [Fact]
    public void The_next_client_s_writes_are_not_logged_unless_it_asks()
    {
        Start(Page);
        client.Dispose();
        RawClient next = rig.Greeted();
        next.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.Feature(Payloads.LogStop | Set));
        next.Do(Commands.Feature, StartOf(Page));
    }

    private static Report Aligned(ulong address, int pages, ulong unit) => new(address & ~(unit - 1), (((ulong)pages * Page) + unit - 1) & ~(unit - 1), unit);

    private static byte[] StartOf(ulong pageSize, params ReadOnlySpan<(ulong Address, ulong Length)> ranges)
    {
        Bytes bytes = new Bytes().U64(pageSize).U32((uint)ranges.Length, 0);
        foreach ((ulong address, ulong length) in ranges)
        {
            bytes.U64(address, length);
        }

        return Payloads.Feature(Payloads.LogStart | Set, bytes);
    }

    private static void Mark(HashSet<ulong> dirty, Write write, (ulong Address, ulong Length)[] ranges)
    {
        for (ulong at = write.Address; at < write.Address + (ulong)write.Length; at = (at / Page + 1) * Page)
        {
            ulong end = Math.Min((at / Page + 1) * Page, write.Address + (ulong)write.Length);
            if (ranges.Length == 0 || ranges.Any(range => at < range.Address + range.Length && range.Address < end))
            {
                dirty.Add(at / Page);
            }
        }
    }

    private static ulong[] Take(HashSet<ulong> dirty, Report report)
    {
        ulong[] bitmap = new ulong[((report.Length / report.Unit) + 63) / 64];
        foreach (ulong page in dirty.Where(page => page * Page >= report.Address && page * Page < report.Address + report.Length).ToArray())
        {
            ulong unit = ((page * Page) - report.Address) / report.Unit;
            bitmap[unit / 64] |= 1UL << (int)(unit % 64);
            dirty.Remove(page);
        }

        return bitmap;
    }

    private void Do(Write write)
    {
        bool isLease = Memory.TryLease(new Iova(write.Address), write.Length, write.How == 0 ? DmaAccess.Write : DmaAccess.ReadWrite, out MemoryLease lease);
        isLease.ShouldBeTrue();
        if (write.How < 2)
        {
            lease.Span[0] = 1;
        }
        else
        {
            Memory.TryWrite(new Iova(write.Address), new byte[write.Length]).ShouldBeTrue();
        }

        lease.Dispose();
    }

    private void Start(ulong pageSize, params ReadOnlySpan<(ulong, ulong)> ranges) => client.Do(Commands.Feature, StartOf(pageSize, ranges));

    private void Stop() => client.Do(Commands.Feature, Payloads.Feature(Payloads.LogStop | Set));

    private ulong[] Ask(Report report)
    {
        ulong words = ((report.Length / report.Unit) + 63) / 64;
        uint length = (uint)(32 + (words * 8));
        byte[] data = new Bytes().U64(report.Address, report.Length, report.Unit);
        using RawMessage reply = client.Call(Commands.Feature, Payloads.Feature(Payloads.LogReport | Get, data, length));
        reply.Error.ShouldBe(Errno.None);
        reply.Payload[..32].ShouldBe([.. new Bytes().U32(length, Payloads.LogReport | Get).ToArray(), .. data]);
        return [.. Enumerable.Range(0, (reply.Payload.Length - 32) / 8).Select(word => reply.U64(32 + (word * 8)))];
    }

    private void Refuse(byte[] payload) => client.ShouldRefuse(Errno.EINVAL, Commands.Feature, payload);

    private void RefuseReport(ulong address, ulong length, ulong unit) => Refuse(Payloads.Feature(Payloads.LogReport | Get, new Bytes().U64(address, length, unit), 4 << 20));

    private sealed record Write(ulong Address, int Length, int How);

    private sealed record Report(ulong Address, ulong Length, ulong Unit);

    private sealed record Case((ulong Address, ulong Length)[] Ranges, (List<Write> Writes, List<Report> Reports)[] Rounds);
}
