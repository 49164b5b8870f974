using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>Waits for what must come, and fails where it does not: a guard against hanging, not a measure of speed.</summary>
internal static class Patience
{
    public static TimeSpan Limit { get; } = Fuzz.IsLong ? TimeSpan.FromMinutes(10) : TimeSpan.FromSeconds(10);

    public static async Task Soon(this Task wait) => await wait.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static async Task<T> Soon<T>(this Task<T> wait) => await wait.WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static async Task Soon(this ValueTask wait) => await wait.AsTask().Soon();

    public static async Task<T> Soon<T>(this ValueTask<T> wait) => await wait.AsTask().Soon();

    /// <summary>Waits for a condition's coming true.</summary>
    public static void Until(Func<bool> condition, string what = "it did not come true")
    {
        long start = Environment.TickCount64;
        var wait = new SpinWait();
        while (!condition())
        {
            (Environment.TickCount64 - start).ShouldBeLessThan((long)Limit.TotalMilliseconds, what);
            wait.SpinOnce(sleep1Threshold: 50);
        }
    }
}
