namespace VfioSharp.Nvme.Driver;

/// <summary>Calls the driver at even intervals, a fraction of the shortest time-out, until it is disposed.</summary>
internal sealed class Watchdog : IAsyncDisposable
{
    private const int TicksPerTimeout = 8;
    private static readonly TimeSpan Longest = TimeSpan.FromSeconds(1);
    private static readonly TimeSpan Shortest = TimeSpan.FromMilliseconds(5);

    private readonly PeriodicTimer timer;
    private readonly TimeSpan period;
    private Task loop = Task.CompletedTask;

    /// <param name="shortest">The shortest time-out that it is used for.</param>
    public Watchdog(TimeSpan shortest)
    {
        period = TimeSpan.FromTicks(Math.Clamp(shortest.Ticks / TicksPerTimeout, Shortest.Ticks, Longest.Ticks));
        timer = new PeriodicTimer(period);
    }

    /// <summary>A time-out in ticks: it is over when more than these have passed.</summary>
    public int TicksOf(TimeSpan timeout) => (int)Math.Min(int.MaxValue / 2, Math.Ceiling(timeout / period));

    /// <summary>Starts to call.</summary>
    public void Start(Action tick) => loop = RunAsync(tick);

    /// <summary>No call is under way once this ends.</summary>
    public async ValueTask DisposeAsync()
    {
        timer.Dispose();
        await loop.ConfigureAwait(false);
    }

    private async Task RunAsync(Action tick)
    {
        while (await timer.WaitForNextTickAsync().ConfigureAwait(false))
        {
            tick();
        }
    }
}
