using System.Diagnostics;
using System.Globalization;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>How long a number of requests took.</summary>
/// <param name="Count">How many there were.</param>
/// <param name="Median">Of half of them no longer than this.</param>
/// <param name="Percentile99">Of 99 in 100.</param>
/// <param name="Longest">Of all.</param>
internal readonly record struct Latencies(int Count, TimeSpan Median, TimeSpan Percentile99, TimeSpan Longest)
{
    /// <summary>Sums up.</summary>
    /// <param name="ticks">In ticks of <see cref="Stopwatch"/>; sorted afterwards.</param>
    public static Latencies Of(List<long> ticks)
    {
        if (ticks.Count == 0)
        {
            return default;
        }

        ticks.Sort();
        return new Latencies(ticks.Count, At(ticks, 0.5), At(ticks, 0.99), At(ticks, 1));
    }

    /// <summary>In microseconds.</summary>
    public override string ToString() =>
        string.Create(CultureInfo.InvariantCulture, $"{Median.TotalMicroseconds,6:0} {Percentile99.TotalMicroseconds,7:0} {Longest.TotalMicroseconds,8:0}");

    private static TimeSpan At(List<long> ticks, double part) => Stopwatch.GetElapsedTime(0, ticks[(int)((ticks.Count - 1) * part)]);
}
