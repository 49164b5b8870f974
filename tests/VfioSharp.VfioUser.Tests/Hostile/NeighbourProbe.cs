using System.Diagnostics;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>A client that behaves: it writes a register of its function and reads it back, without a pause, and takes down how long each took.</summary>
internal sealed class NeighbourProbe : IAsyncDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(60);

    private readonly Lock gate = new();
    private readonly PciFunction function;
    private readonly Thread thread;
    private List<long> samples = [];
    private long requests;
    private volatile bool isOver;
    private volatile string? failure;

    private NeighbourProbe(PciFunction function)
    {
        this.function = function;
        thread = new Thread(Run) { Name = "neighbour", IsBackground = true };
        thread.Start();
    }

    /// <summary>What went wrong; null while nothing has.</summary>
    public string? Failure => failure;

    /// <summary>Begins.</summary>
    public static async Task<NeighbourProbe> StartAsync(string path, CancellationToken stop) => new(await VfioUserClient.ConnectAsync(path, null, stop));

    /// <summary>Sums up what was measured since the last time. A request that is under way is waited for first: the slowest must not be missing.</summary>
    public Latencies Take()
    {
        long target = Volatile.Read(ref requests) + 2;
        long start = Stopwatch.GetTimestamp();
        while (Volatile.Read(ref requests) < target && failure is null && Stopwatch.GetElapsedTime(start) < Patience)
        {
            Thread.Sleep(1);
        }

        if (Volatile.Read(ref requests) < target)
        {
            failure ??= $"a request got no reply within {Patience.TotalSeconds} s";
        }

        lock (gate)
        {
            List<long> taken = samples;
            samples = [];
            return Latencies.Of(taken);
        }
    }

    /// <summary>Measures for a while in which nothing else happens.</summary>
    public async Task<Latencies> MeasureAsync(TimeSpan time)
    {
        Take();
        await Task.Delay(time);
        return Take();
    }

    public async ValueTask DisposeAsync()
    {
        isOver = true;
        thread.Join();
        await function.DisposeAsync();
    }

    private void Run()
    {
        try
        {
            using Bar bar = function.MapBar((int)SoakFunction.RegisterBar);
            for (uint value = 1; !isOver; value++)
            {
                Time(() => bar.Registers.Write32(SoakFunction.Scratch, value));
                uint read = Time(() => bar.Registers.Read32(SoakFunction.Scratch));
                if (read != value)
                {
                    failure = $"{value:x} was written and {read:x} read";
                    return;
                }
            }
        }
        catch (Exception exception)
        {
            failure = exception.Message;
        }
    }

    private uint Time(Func<uint> request)
    {
        long start = Stopwatch.GetTimestamp();
        uint value = request();
        long ticks = Stopwatch.GetTimestamp() - start;
        lock (gate)
        {
            samples.Add(ticks);
        }

        Volatile.Write(ref requests, requests + 1);
        return value;
    }

    private void Time(Action request) => Time(() =>
    {
        request();
        return 0u;
    });
}
