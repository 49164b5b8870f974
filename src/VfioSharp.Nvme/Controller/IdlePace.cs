using System.Diagnostics;

namespace VfioSharp.Nvme.Controller;

/// <summary>How long it looks in vain before it lets others run, and before it sleeps.</summary>
internal struct IdlePace
{
    private static readonly long SpinTime = Stopwatch.Frequency / 50_000; // 20 µs
    private static readonly long YieldTime = Stopwatch.Frequency / 1000; // 1 ms

    private long since;

    /// <summary>There was something to do.</summary>
    public void Busy() => since = 0;

    /// <summary>There was not.</summary>
    /// <returns>Whether to sleep.</returns>
    public bool Idle()
    {
        long now = Stopwatch.GetTimestamp();
        if (since == 0)
        {
            since = now;
        }

        long idle = now - since;
        if (idle < SpinTime)
        {
            return false;
        }

        if (idle < YieldTime)
        {
            Thread.Yield();
            return false;
        }

        return true;
    }
}
