using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Nvme;

/// <summary>A measurement: its queues, run side by side.</summary>
internal static class PerfRun
{
    private const long PageLength = 4096;

    /// <summary>Measures.</summary>
    /// <param name="session">The controller.</param>
    /// <param name="plan">What.</param>
    /// <param name="stop">Ends it early; what was seen by then counts.</param>
    /// <param name="running">Is called when all is set up, and when all I/O has ended.</param>
    public static async Task<ImmutableArray<PerfQueue>> RunAsync(NvmeSession session, PerfPlan plan, CancellationToken stop, Action? running = null)
    {
        var queues = new List<NvmeQueue>();
        var buffers = new List<DmaBuffer>();
        try
        {
            for (int i = 0; i < plan.Queues; i++)
            {
                queues.Add(await session.Driver.CreateQueueAsync(
                    new NvmeQueueOptions { Depth = plan.Depth, Completion = plan.Interrupts ? NvmeCompletionMode.Interrupt : NvmeCompletionMode.Caller }, stop).ConfigureAwait(false));
                buffers.Add(session.Function.Dma.Allocate(Math.Max(PageLength, (long)plan.Depth * plan.IoLength)));
                Random.Shared.NextBytes(buffers[^1].Slice(0, (int)Math.Min(buffers[^1].Length, 1 << 20)));
            }

            ImmutableArray<PerfQueue> runs = [.. queues.Select((queue, index) => new PerfQueue(plan, queue, buffers[index], index))];
            running?.Invoke();
            await Task.WhenAll(runs.Select(run => run.RunAsync(stop))).ConfigureAwait(false);
            running?.Invoke();
            return runs;
        }
        finally
        {
            foreach (NvmeQueue queue in queues)
            {
                await queue.DisposeAsync().ConfigureAwait(false);
            }

            buffers.ForEach(buffer => buffer.Dispose());
        }
    }
}
