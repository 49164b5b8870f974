using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Nvme.Tests.Schedules;

/// <summary>Does I/O at random to blocks that are its own, one command after another, and holds what it reads against what it wrote.</summary>
/// <param name="target">The namespace.</param>
/// <param name="model">All its blocks.</param>
/// <param name="first">The first of the worker's own.</param>
/// <param name="count">How many those are.</param>
/// <param name="checks">Whether what is read must be right.</param>
internal sealed class ScheduleWorker(NvmeNamespaceInfo target, BlockModel model, int first, int count, bool checks)
{
    private const int MaxBlocks = 24;

    public int Ended { get; private set; }

    public int Succeeded { get; private set; }

    /// <summary>Awaits a number of commands. Each ends, as a success or with a reason.</summary>
    public async Task AwaitAsync(NvmeQueue queue, DmaBuffer buffer, FuzzRandom random, int commands)
    {
        for (int i = 0; i < commands; i++)
        {
            Operation operation = Make(buffer, random);
            NvmeStatus status;
            try
            {
                status = await queue.ExecuteAsync(operation.Command).AsTask().WaitAsync(Schedule.Patience);
            }
            catch (PciException)
            {
                status = NvmeStatus.HostPathingError;
            }

            End(operation, buffer, status);
        }
    }

    /// <summary>Sends commands in a batch of one and looks for its end: once, by its tag, and nothing else.</summary>
    public void Poll(NvmeQueue queue, DmaBuffer buffer, FuzzRandom random, int commands)
    {
        Span<NvmeCompletion> completions = stackalloc NvmeCompletion[4];
        for (int i = 0; i < commands; i++)
        {
            Operation operation = Make(buffer, random);
            ulong tag = random.Next();
            long deadline = Environment.TickCount64 + (long)Schedule.Patience.TotalMilliseconds;
            try
            {
                while (!queue.TryAdd(operation.Command, tag))
                {
                    queue.Poll(completions).ShouldBe(0);
                    Wait(deadline);
                }
            }
            catch (PciException)
            {
                End(operation, buffer, NvmeStatus.HostPathingError);
                return;
            }

            queue.Submit();
            int taken;
            while ((taken = queue.Poll(completions)) == 0)
            {
                Wait(deadline);
            }

            taken.ShouldBe(1);
            completions[0].Tag.ShouldBe(tag);
            End(operation, buffer, completions[0].Status);
        }
    }

    private static void Wait(long deadline)
    {
        if (Environment.TickCount64 > deadline)
        {
            throw new TimeoutException("a command of a batch never ended");
        }

        Thread.Sleep(0);
    }

    private Operation Make(DmaBuffer buffer, FuzzRandom random)
    {
        int blocks = 1 + random.Below(Math.Min(Math.Min(MaxBlocks, Schedule.MaxTransfer / model.BlockSize), count));
        int block = first + random.Below(count - blocks + 1);
        int length = blocks * model.BlockSize;
        long offset = 4L * random.Below((int)(buffer.Length - length) / 4);
        switch (random.Below(10))
        {
            case < 4:
                ulong stamp = model.NewStamp(random);
                model.Fill(buffer.Slice(offset, length), stamp);
                model.Begin(block, blocks, stamp);
                return new Operation(
                    NvmeCommand.Write(target, (ulong)block, blocks, buffer, offset, random.OneIn(4)), block, blocks, offset, Written: stamp);
            case < 8:
                buffer.Slice(offset, length).Fill(0xEE);
                return new Operation(NvmeCommand.Read(target, (ulong)block, blocks, buffer, offset), block, blocks, offset, IsRead: true);
            case 8:
                model.Begin(block, blocks, 0);
                return new Operation(NvmeCommand.WriteZeroes(target, (ulong)block, blocks, random.OneIn(2)), block, blocks, 0, Written: 0);
            default:
                return new Operation(NvmeCommand.Flush(target), block, blocks, 0);
        }
    }

    private void End(Operation operation, DmaBuffer buffer, NvmeStatus status)
    {
        Ended++;
        if (status != NvmeStatus.Success)
        {
            return;
        }

        Succeeded++;
        if (operation.Written is { } stamp)
        {
            model.Wrote(operation.Block, operation.Blocks, stamp);
        }
        else if (operation.IsRead && checks)
        {
            model.Read(operation.Block, operation.Blocks, buffer.Slice(operation.Offset, operation.Blocks * model.BlockSize));
        }
    }

    private readonly record struct Operation(NvmeCommand Command, int Block, int Blocks, long Offset, ulong? Written = null, bool IsRead = false);
}
