using VfioSharp.Cli.Nvme;

namespace VfioSharp.Cli.Tests.Nvme;

/// <summary>Percentiles of times, without keeping each.</summary>
public sealed class LatencyHistogramTests
{
    [Fact]
    public void A_percentile_is_that_of_the_sorted_values_or_at_most_a_64th_above()
    {
        var random = new Random(42);
        var histogram = new LatencyHistogram();
        long[] values = [.. Enumerable.Range(0, 10_000).Select(_ => (long)Math.Exp(random.NextDouble() * 40))];
        foreach (long value in values)
        {
            histogram.Add(value);
        }

        Array.Sort(values);
        histogram.Count.ShouldBe(values.Length);
        histogram.Longest.ShouldBe(values[^1]);
        histogram.Sum.ShouldBe(values.Aggregate(Int128.Zero, (sum, value) => sum + value));
        foreach (double percent in new[] { 0.01, 1, 50, 90, 99, 99.9, 100 })
        {
            long exact = values[(int)Math.Ceiling(values.Length * percent / 100) - 1];
            histogram.Percentile(percent).ShouldBeInRange(exact, exact + (exact / 64));
        }
    }

    [Fact]
    public void Small_values_are_exact()
    {
        var histogram = new LatencyHistogram();
        foreach (long value in new long[] { 3, 3, 7, 100, -5 })
        {
            histogram.Add(value);
        }

        new[] { 20, 40, 60, 80, 100 }.Select(percent => histogram.Percentile(percent)).ShouldBe([0, 3, 3, 7, 100]);
    }

    [Fact]
    public void Two_are_as_one_that_had_all()
    {
        var one = new LatencyHistogram();
        var other = new LatencyHistogram();
        one.Add(1);
        other.Add(long.MaxValue);
        other.Add(5);
        one.Add(other);
        (one.Count, one.Longest, one.Percentile(50), one.Percentile(100)).ShouldBe((3, long.MaxValue, 5, long.MaxValue));
    }

    [Fact]
    public void Nothing_has_no_percentile_but_0() => new LatencyHistogram().Percentile(99).ShouldBe(0);
}
