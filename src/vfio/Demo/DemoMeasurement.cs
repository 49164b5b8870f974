using System.Collections.Immutable;
using System.Diagnostics;
using VfioSharp.Cli.Nvme;
using VfioSharp.Devices.Dma;
using VfioSharp.Nvme.Driver;

namespace VfioSharp.Cli.Demo;

/// <summary>What one way to reach the doorbells gives.</summary>
/// <param name="Name">The way.</param>
/// <param name="Doorbell">What a doorbell costs; null where few are written.</param>
/// <param name="Iops">4 KiB random reads a second, at each of the depths.</param>
/// <param name="MessagesEach">How many messages a read takes at the first of the depths.</param>
internal sealed record DemoMeasurement(string Name, DoorbellCost? Doorbell, ImmutableArray<double> Iops, double MessagesEach)
{
    private const int FillLength = 1 << 20;

    /// <summary>How many reads are under way.</summary>
    public static ImmutableArray<int> Depths { get; } = [1, 32];

    /// <summary>Measures.</summary>
    /// <param name="name">The way.</param>
    /// <param name="stage">The controller.</param>
    /// <param name="shadowDoorbells">Whether the driver may keep trapped doorbells in memory.</param>
    /// <param name="time">How long each measurement takes.</param>
    /// <param name="stop">Gives up.</param>
    public static async Task<DemoMeasurement> MeasureAsync(string name, DemoStage stage, bool shadowDoorbells, TimeSpan time, CancellationToken stop)
    {
        DoorbellCost? doorbell = shadowDoorbells ? null : await DoorbellCost.MeasureAsync(stage, time / 4, stop).ConfigureAwait(false);
        await using NvmeSession session = await stage.DriveAsync(shadowDoorbells, stop).ConfigureAwait(false);
        await FillAsync(session, stop).ConfigureAwait(false);
        var rates = ImmutableArray.CreateBuilder<double>();
        double messages = 0;
        foreach (int depth in Depths)
        {
            var plan = new PerfPlan(session.Driver.Namespaces[0], PerfWorkload.RandRead, 4096 / session.Driver.Namespaces[0].BlockSize, depth, 1, time, false);
            long before = 0;
            long sent = 0;
            ImmutableArray<PerfQueue> runs = await PerfRun.RunAsync(session, plan, stop, () => (before, sent) = (stage.Messages, stage.Messages - before)).ConfigureAwait(false);
            stop.ThrowIfCancellationRequested();
            PerfQueue run = runs[0];
            messages = rates.Count == 0 ? (double)sent / Math.Max(run.Latencies.Count, 1) : messages;
            rates.Add(run.Elapsed == 0 ? 0 : run.Latencies.Count * (double)Stopwatch.Frequency / run.Elapsed);
        }

        return new DemoMeasurement(name, doorbell, rates.ToImmutable(), messages);
    }

    // Memory that was never written is one page of zeros, whatever is read of it: faster than any medium.
    private static async Task FillAsync(NvmeSession session, CancellationToken stop)
    {
        NvmeNamespaceInfo target = session.Driver.Namespaces[0];
        int piece = Math.Min(FillLength, session.Driver.Controller.MaxTransferLength) / target.BlockSize;
        using DmaBuffer data = session.Function.Dma.Allocate((long)piece * target.BlockSize);
        Random.Shared.NextBytes(data.Span);
        await using NvmeQueue queue = await session.Driver.CreateQueueAsync(new NvmeQueueOptions { Depth = 1 }, stop).ConfigureAwait(false);
        for (long block = 0; block < target.BlockCount; block += piece)
        {
            await queue.WriteAsync(target, (ulong)block, (int)Math.Min(piece, target.BlockCount - block), data).ConfigureAwait(false);
        }
    }
}
