using System.Diagnostics;
using System.Globalization;

namespace VfioSharp.Cli.Output;

/// <summary>How far long work has come, on one line of a terminal that is written over; nothing where nobody watches. Any thread.</summary>
/// <param name="error">Where it is told; only the process's standard error, on a terminal.</param>
/// <param name="total">How much there is.</param>
/// <param name="unit">What is counted.</param>
internal sealed class ProgressLine(TextWriter error, long total, string unit)
{
    private static readonly TimeSpan Interval = TimeSpan.FromMilliseconds(100);

    private readonly bool isWatched = ReferenceEquals(error, Console.Error) && !Console.IsErrorRedirected;
    private readonly Lock gate = new();
    private long latest = Stopwatch.GetTimestamp();
    private bool isShown;

    /// <summary>Tells how much is done.</summary>
    public void Report(long done)
    {
        if (!isWatched || Stopwatch.GetElapsedTime(latest) < Interval)
        {
            return;
        }

        lock (gate)
        {
            latest = Stopwatch.GetTimestamp();
            isShown = true;
            error.Write(string.Create(CultureInfo.InvariantCulture, $"\r{done} of {total} {unit} ({100 * done / Math.Max(total, 1)} %)\e[K"));
        }
    }

    /// <summary>Takes the line away.</summary>
    public void End()
    {
        lock (gate)
        {
            if (isShown)
            {
                error.Write("\r\e[K");
            }
        }
    }
}
