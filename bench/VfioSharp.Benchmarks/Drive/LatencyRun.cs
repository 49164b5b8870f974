using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Benchmarks.Drive;

/// <summary>From a signalled eventfd to the code after <c>await vector.WaitAsync()</c>, as <c>drive_floor.c</c> measures without a library.</summary>
internal sealed class LatencyRun : IDisposable
{
    private const int Warmup = 3_000;
    private static readonly long Pause = Stopwatch.Frequency / 50_000; // 20 µs: time for the loop to be asleep again

    private readonly InterruptSignal signal = new("bench");
    private readonly EventFd source;
    private readonly EventLoop loop;
    private long seen;
    private volatile bool ended;

    private LatencyRun(bool spin, bool inline)
    {
        source = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _) ?? throw new InvalidOperationException("no eventfd");
        loop = new EventLoop(new EventLoopOptions { Spin = spin });
        signal.ContinueInline = inline;
        loop.Add(source, signal);
    }

    /// <summary>Prints the median nanoseconds, and the bytes that a round allocated.</summary>
    public static int Run(bool spin, bool inline, int rounds)
    {
        using var run = new LatencyRun(spin, inline);
        _ = run.CountAsync();
        long[] times = new long[rounds];
        run.Measure(new long[Warmup]);
        long before = GC.GetTotalAllocatedBytes(precise: true);
        run.Measure(times);
        long allocated = GC.GetTotalAllocatedBytes(precise: true) - before;
        run.ended = true;
        Array.Sort(times);
        double median = times[rounds / 2] * 1e9 / Stopwatch.Frequency;
        Console.WriteLine(string.Create(CultureInfo.InvariantCulture, $"{median:f0} {(double)allocated / rounds:f3}"));
        return 0;
    }

    public void Dispose()
    {
        loop.Dispose();
        source.Dispose();
    }

    private async Task CountAsync()
    {
        while (!ended)
        {
            await signal.WaitAsync(CancellationToken.None);
            Volatile.Write(ref seen, seen + 1);
        }
    }

    private void Measure(long[] times)
    {
        for (int i = 0; i < times.Length; i++)
        {
            for (long until = Stopwatch.GetTimestamp() + Pause; Stopwatch.GetTimestamp() < until;)
            {
            }

            long before = Volatile.Read(ref seen);
            long start = Stopwatch.GetTimestamp();
            source.Signal();
            while (Volatile.Read(ref seen) == before)
            {
            }

            times[i] = Stopwatch.GetTimestamp() - start;
        }
    }
}
