using System.Collections.Immutable;
using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Tests.Programs;

/// <summary>A function is taken from one process to another, and the first is killed before the second goes on.</summary>
public sealed class MigrateProgramTests : IAsyncDisposable
{
    private const int PageSize = 4096;
    private static readonly Iova Base = new(0x1_0000_0000);

    private readonly TemporaryFolder folder = new();
    private readonly List<Process> processes = [];
    private readonly List<PciFunction> functions = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (PciFunction function in functions)
        {
            await function.DisposeAsync();
        }

        foreach (Process process in processes)
        {
            process.Kill();
            await process.WaitForExitAsync(CancellationToken.None);
            process.Dispose();
        }

        folder.Dispose();
    }

    [Fact]
    public async Task Tally_goes_on_counting_where_it_was()
    {
        PciFunction first = await StartAsync("tally");
        using DmaBuffer words = first.Dma.Allocate(2 * PageSize, new DmaOptions { At = Base });
        words.Ref<uint>(0) = 40;
        words.Ref<uint>(1) = 2;
        using Bar here = first.MapBar(0);
        here.Registers.Write64(0x18, 1000); // goal
        here.Registers.Write64(0x20, Base.Value);
        here.Registers.Write32(0x28, 8); // sum
        here.Registers.Write32(0x10, 900);
        here.Registers.Write32(0x28, 3); // fails: no whole word

        FunctionMigration from = await FunctionMigration.OfAsync(first, Stop);
        await from.StartLogAsync([], Stop);
        here.Registers.Write32(0x28, 8);
        using var state = new MemoryStream();
        await from.SaveAsync(state, Stop);
        (await from.ReadLogAsync(RangeOf(words), Stop)).ShouldBeEmpty("it reads memory and writes none");

        PciFunction second = await StartAsync("tally");
        using DmaBuffer copy = second.Dma.Allocate(words.Length, new DmaOptions { At = Base });
        words.Span.CopyTo(copy.Span);
        state.Position = 0;
        FunctionMigration to = await FunctionMigration.OfAsync(second, Stop);
        await to.RestoreAsync(state, Stop);
        await KillAsync(0);
        first.IsLost.ShouldBeTrue();

        await to.ResumeAsync(Stop);
        using Bar there = second.MapBar(0);
        there.Registers.Read64(0x08).ShouldBe(984ul);
        there.Registers.Read64(0x18).ShouldBe(1000ul);
        there.Registers.Read64(0x20).ShouldBe(Base.Value);
        there.Registers.Read32(0x30).ShouldBe(1u);
        using MsixVectors vectors = await second.EnableMsixAsync(1, Stop);
        there.Registers.Write32(0x28, 8); // the goal is passed by what the copy holds
        await vectors[0].WaitAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop);
        there.Registers.Read64(0x08).ShouldBe(1026ul);
    }

    [Fact]
    public async Task A_transfer_ends_in_another_process_than_it_began_in_with_all_that_it_wrote()
    {
        const int length = 64 << 20;
        PciFunction first = await StartAsync("endpoint-test");
        using DmaBuffer source = first.Dma.Allocate(length, new DmaOptions { At = Base, Access = DmaAccess.Read });
        using DmaBuffer target = first.Dma.Allocate(length + PageSize, new DmaOptions { At = Base + length });
        new Random(4).NextBytes(source.Span);
        target.Span.Fill(0x11);
        using Bar here = first.MapBar(0);
        FunctionMigration from = await FunctionMigration.OfAsync(first, Stop);
        await from.StartLogAsync([RangeOf(source), RangeOf(target)], Stop);

        here.Registers.Write32(0x24, 2); // by MSI-X,
        here.Registers.Write32(0x28, 7); // the seventh vector
        WriteAddress(here, 0x0C, Base);
        WriteAddress(here, 0x14, Base + length + 100);
        here.Registers.Write32(0x1C, length - 5);
        here.Registers.Write32(0x04, 1 << 5); // copy
        using var state = new MemoryStream();
        await from.SaveAsync(state, Stop);

        PciFunction second = await StartAsync("endpoint-test");
        using DmaBuffer sourceThere = second.Dma.Allocate(length, new DmaOptions { At = Base, Access = DmaAccess.Read });
        using DmaBuffer targetThere = second.Dma.Allocate(target.Length, new DmaOptions { At = Base + length });
        source.Span.CopyTo(sourceThere.Span);
        targetThere.Span.Fill(0x11); // as it was when the log began; what was written since is copied by the log alone
        (await from.ReadLogAsync(RangeOf(source), Stop)).ShouldBeEmpty();
        ImmutableArray<IovaRange> written = await from.ReadLogAsync(RangeOf(target), Stop);
        foreach (IovaRange range in written)
        {
            int at = (int)(range.First.Value - target.Iova.Value);
            int count = (int)(range.Last.Value - range.First.Value + 1);
            target.Slice(at, count).CopyTo(targetThere.Slice(at, count));
        }

        targetThere.Span.SequenceEqual(target.Span).ShouldBeTrue("the log leaves nothing out");
        state.Position = 0;
        FunctionMigration to = await FunctionMigration.OfAsync(second, Stop);
        await to.RestoreAsync(state, Stop);
        await KillAsync(0);

        using MsixVectors vectors = await second.EnableMsixAsync(7, Stop);
        await to.ResumeAsync(Stop);
        await vectors[6].WaitAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop);
        using Bar there = second.MapBar(0);
        there.Registers.Read32(0x08).ShouldBe((1u << 4) | (1u << 6)); // it was copied, and has interrupted
        targetThere.Slice(100, length - 5).SequenceEqual(source.Slice(0, length - 5)).ShouldBeTrue();
        targetThere.Slice(0, 100).IndexOfAnyExcept((byte)0x11).ShouldBe(-1);
        targetThere.Slice(length + 95, PageSize - 95).IndexOfAnyExcept((byte)0x11).ShouldBe(-1);
    }

    private static IovaRange RangeOf(DmaBuffer buffer) => new(buffer.Iova, buffer.Iova + ((ulong)buffer.Length - 1));

    private static void WriteAddress(Bar bar, ulong register, Iova address)
    {
        bar.Registers.Write32(register, address.Low);
        bar.Registers.Write32(register + 4, address.High);
    }

    private async Task<PciFunction> StartAsync(string function)
    {
        string socket = folder[string.Create(CultureInfo.InvariantCulture, $"{processes.Count}.sock")];
        Process process = Program.Start(Program.Line("serve", function, "--socket", socket));
        processes.Add(process);
        string? ready = await process.StandardOutput.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop);
        ready.ShouldBe($"ready: {function} at {socket}");
        PciFunction opened = await VfioUserClient.ConnectAsync(socket, stop: Stop);
        functions.Add(opened);
        return opened;
    }

    private async Task KillAsync(int index)
    {
        processes[index].Kill();
        await processes[index].WaitForExitAsync(Stop);
        long start = Environment.TickCount64;
        while (!functions[index].IsLost)
        {
            (Environment.TickCount64 - start).ShouldBeLessThan(60_000);
            await Task.Delay(5, Stop);
        }
    }
}
