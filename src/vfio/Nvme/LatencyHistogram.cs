using System.Numerics;

namespace VfioSharp.Cli.Nvme;

/// <summary>
/// Counts how long things took, in time-stamp ticks, without allocating: buckets that are never wider than 1/64 of what they hold. One thread.
/// </summary>
internal sealed class LatencyHistogram
{
    private const int Precision = 6; // bits behind the leading one
    private const int Steps = 1 << Precision;

    private readonly long[] counts = new long[(64 - Precision + 1) * Steps];

    /// <summary>How many there are.</summary>
    public long Count { get; private set; }

    /// <summary>The longest, in ticks; 0 where there is none.</summary>
    public long Longest { get; private set; }

    /// <summary>Of all, in ticks.</summary>
    public Int128 Sum { get; private set; }

    /// <summary>Takes one in.</summary>
    /// <param name="ticks">How long it took; what is below 0 counts as 0.</param>
    public void Add(long ticks)
    {
        ticks = Math.Max(ticks, 0);
        counts[IndexOf((ulong)ticks)]++;
        Count++;
        Sum += ticks;
        Longest = Math.Max(Longest, ticks);
    }

    /// <summary>Takes all of another's in.</summary>
    public void Add(LatencyHistogram other)
    {
        for (int index = 0; index < counts.Length; index++)
        {
            counts[index] += other.counts[index];
        }

        Count += other.Count;
        Sum += other.Sum;
        Longest = Math.Max(Longest, other.Longest);
    }

    /// <summary>What so many of a hundred do not exceed, in ticks; at most 1/64 too long.</summary>
    /// <param name="percent">Above 0, up to 100.</param>
    public long Percentile(double percent)
    {
        long wanted = Math.Max(1, (long)Math.Ceiling(Count * percent / 100));
        long seen = 0;
        for (int index = 0; index < counts.Length; index++)
        {
            seen += counts[index];
            if (seen >= wanted)
            {
                return Math.Min((long)LastOf(index), Longest);
            }
        }

        return Longest;
    }

    private static int IndexOf(ulong value)
    {
        int shift = Math.Max(0, BitOperations.Log2(value | 1) - Precision);
        return (shift * Steps) + (int)(value >> shift);
    }

    /// <summary>The largest value that a bucket takes.</summary>
    private static ulong LastOf(int index)
    {
        int shift = Math.Max(0, (index / Steps) - 1);
        ulong leading = (ulong)(index - (shift * Steps));
        return ((leading + 1) << shift) - 1;
    }
}
