using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Controller;
using VfioSharp.Nvme.Driver;
using VfioSharp.Tests.Fuzzing;
using VfioSharp.VfioUser;

namespace VfioSharp.Nvme.Tests.Driver;

/// <summary>The driver on the controller, in one process and over a socket: what was acknowledged is what is read.</summary>
public sealed class DriverAndControllerTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<bool, NvmeDoorbells, NvmeCompletionMode> Ways => new MatrixTheoryData<bool, NvmeDoorbells, NvmeCompletionMode>(
        [false, true], [NvmeDoorbells.Mapped, NvmeDoorbells.Trapped], [NvmeCompletionMode.Interrupt, NvmeCompletionMode.Thread, NvmeCompletionMode.Caller]);

    [Theory]
    [MemberData(nameof(Ways))]
    public async Task Blocks_hold_what_was_written_last_whatever_its_length_and_offset_from_many_queues_at_once(
        bool overSocket, NvmeDoorbells doorbells, NvmeCompletionMode mode)
    {
        using var medium = new MemoryNamespace(64 << 20, 4096);
        await using var model = new NvmeController(new NvmeControllerOptions { Namespaces = [medium], Doorbells = doorbells });
        string path = Path.Combine(Path.GetTempPath(), Path.GetRandomFileName());
        using var end = CancellationTokenSource.CreateLinkedTokenSource(Stop);
        await using VfioUserServer? server = overSocket ? VfioUserServer.Listen(path) : null;
        Task serving = server?.ServeAsync(model, end.Token) ?? Task.CompletedTask;
        await using (PciFunction function = overSocket ? await VfioUserClient.ConnectAsync(path, stop: Stop) : Loopback.Attach(model))
        {
            await using NvmeDriver driver = await NvmeDriver.OpenAsync(function, stop: Stop);
            driver.Controller.DoorbellsMapped.ShouldBe(doorbells == NvmeDoorbells.Mapped);
            int rounds = Fuzz.Iterations(400);
            await Task.WhenAll(Enumerable.Range(0, 3).Select(part => Task.Run(() => UseAsync(function, driver, mode, part, rounds), Stop)));
        }

        await end.CancelAsync();
        try
        {
            await serving;
        }
        catch (OperationCanceledException)
        {
        }
    }

    // Each user has a third of the blocks to itself, and remembers what is in them.
    private static async Task UseAsync(PciFunction function, NvmeDriver driver, NvmeCompletionMode mode, int part, int rounds)
    {
        NvmeNamespaceInfo space = driver.Namespaces[0];
        await using NvmeQueue queue = await driver.CreateQueueAsync(new NvmeQueueOptions { Completion = mode, Depth = 8 }, Stop);
        int third = (int)(space.BlockCount / 3);
        var known = new byte[third * space.BlockSize];
        int most = Math.Min(64, driver.Controller.MaxTransferLength / space.BlockSize);
        using DmaBuffer data = function.Dma.Allocate((most + 1) * (long)space.BlockSize);
        var random = new FuzzRandom((ulong)part);
        for (int i = 0; i < rounds; i++)
        {
            int count = 1 + random.Below(most);
            int block = random.Below(third - count);
            int offset = 4 * random.Below(space.BlockSize / 4);
            ulong start = (ulong)((part * third) + block);
            Memory<byte> expected = known.AsMemory(block * space.BlockSize, count * space.BlockSize);
            if (random.OneIn(2))
            {
                random.Fill(data.Slice(offset, expected.Length));
                data.Slice(offset, expected.Length).CopyTo(expected.Span);
                await RunAsync(queue, NvmeCommand.Write(space, start, count, data, offset, random.OneIn(4)));
            }
            else
            {
                data.Span.Clear();
                await RunAsync(queue, NvmeCommand.Read(space, start, count, data, offset));
                data.Slice(offset, expected.Length).SequenceEqual(expected.Span).ShouldBeTrue($"part {part}, round {i}: {count} blocks at {block}");
            }
        }

        await RunAsync(queue, NvmeCommand.Flush(space));
    }

    private static async Task RunAsync(NvmeQueue queue, NvmeCommand command)
    {
        if (queue.Completion != NvmeCompletionMode.Caller)
        {
            await queue.RunAsync(command);
            return;
        }

        queue.TryAdd(command, 5).ShouldBeTrue();
        queue.Submit();
        var completions = new NvmeCompletion[1];
        while (queue.Poll(completions) == 0)
        {
            await Task.Yield();
        }

        completions[0].ShouldBe(new NvmeCompletion(5, NvmeStatus.Success, false));
    }
}
