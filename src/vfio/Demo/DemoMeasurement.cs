using System.Collections.Immutable;
using System.Diagnostics;
using VfioSharp.Cli.Nvme;

namespace VfioSharp.Cli.Demo;

/// <summary>What one way to reach the doorbells gives.</summary>
/// <param name="Name">The way.</param>
/// <param name="Doorbell">What a doorbell costs; null where few are written.</param>
/// <param name="Iops">4 KiB random reads a second, at each of the depths.</param>
/// <param name="MessagesEach">How many messages a read takes at the first of the depths.</param>
internal sealed record DemoMeasurement(string Name, DoorbellCost? Doorbell, ImmutableArray<double> Iops, double MessagesEach)
{
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
}
