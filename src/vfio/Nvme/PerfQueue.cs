using System.Diagnostics;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Nvme;

/// <summary>One queue of a measurement, and what it saw.</summary>
/// <param name="plan">What is measured.</param>
/// <param name="queue">The queue, with room for the plan's depth.</param>
/// <param name="buffer">Room for the data of the plan's depth.</param>
/// <param name="index">Which of the queues, from 0.</param>
internal sealed class PerfQueue(PerfPlan plan, NvmeQueue queue, DmaBuffer buffer, int index)
{
    private readonly PerfSequence sequence = new(plan, index);
    private readonly long[] starts = new long[plan.Depth];

    /// <summary>How long each took, in time-stamp ticks.</summary>
    public LatencyHistogram Latencies { get; } = new();

    /// <summary>How many failed.</summary>
    public long Errors { get; private set; }

    /// <summary>How the first one failed.</summary>
    public NvmeStatus FirstError { get; private set; }

    /// <summary>For how long it ran, in time-stamp ticks.</summary>
    public long Elapsed { get; private set; }

    /// <summary>Runs, on a thread of its own where completions are looked for.</summary>
    public Task RunAsync(CancellationToken stop) =>
        plan.Interrupts ? AwaitAsync(stop) : Task.Factory.StartNew(() => Poll(stop), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);

    private void Poll(CancellationToken stop)
    {
        Span<NvmeCompletion> completions = stackalloc NvmeCompletion[32];
        long begin = Stopwatch.GetTimestamp();
        long end = begin + (long)(plan.Time.TotalSeconds * Stopwatch.Frequency);
        for (int slot = 0; slot < plan.Depth; slot++)
        {
            Start(slot, begin);
        }

        queue.Submit();
        long now = begin;
        int underWay = plan.Depth;
        while (underWay > 0)
        {
            int count = queue.Poll(completions);
            if (count == 0)
            {
                if (stop.IsCancellationRequested)
                {
                    break; // what is under way ends with the queue
                }

                continue;
            }

            now = Stopwatch.GetTimestamp();
            bool goesOn = now < end && !stop.IsCancellationRequested;
            foreach (ref readonly NvmeCompletion completion in completions[..count])
            {
                int slot = (int)completion.Tag;
                Take(slot, completion.Status, now);
                if (goesOn)
                {
                    Start(slot, now);
                }
                else
                {
                    underWay--;
                }
            }

            if (goesOn)
            {
                queue.Submit();
            }
        }

        Elapsed = now - begin;
    }

    private void Start(int slot, long now)
    {
        (ulong block, bool write) = sequence.Next();
        starts[slot] = now;
        long offset = (long)slot * plan.IoLength;
        bool added = write ? queue.TryWrite(plan.Target, block, plan.BlockCount, buffer, offset, (ulong)slot) : queue.TryRead(plan.Target, block, plan.BlockCount, buffer, offset, (ulong)slot);
        if (!added)
        {
            throw new InvalidOperationException("the queue has no room for as many commands as its depth");
        }
    }

    private async Task AwaitAsync(CancellationToken stop)
    {
        long begin = Stopwatch.GetTimestamp();
        long end = begin + (long)(plan.Time.TotalSeconds * Stopwatch.Frequency);
        var gate = new Lock();
        await Task.WhenAll(Enumerable.Range(0, plan.Depth).Select(slot => Task.Run(() => AwaitSlotAsync(slot, end, gate, stop), CancellationToken.None))).ConfigureAwait(false);
        Elapsed = Stopwatch.GetTimestamp() - begin;
    }

    private async Task AwaitSlotAsync(int slot, long end, Lock gate, CancellationToken stop)
    {
        long start = Stopwatch.GetTimestamp();
        while (start < end && !stop.IsCancellationRequested)
        {
            NvmeCommand command;
            lock (gate)
            {
                (ulong block, bool write) = sequence.Next();
                long offset = (long)slot * plan.IoLength;
                command = write ? NvmeCommand.Write(plan.Target, block, plan.BlockCount, buffer, offset) : NvmeCommand.Read(plan.Target, block, plan.BlockCount, buffer, offset);
                starts[slot] = start;
            }

            NvmeStatus status = await queue.ExecuteAsync(command).ConfigureAwait(false);
            start = Stopwatch.GetTimestamp();
            lock (gate)
            {
                Take(slot, status, start);
            }
        }
    }

    private void Take(int slot, NvmeStatus status, long now)
    {
        Latencies.Add(now - starts[slot]);
        if (status != NvmeStatus.Success)
        {
            FirstError = Errors == 0 ? status : FirstError;
            Errors++;
        }
    }
}
