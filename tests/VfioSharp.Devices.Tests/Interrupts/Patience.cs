using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interrupts;

/// <summary>Waits for what must come, and fails where it does not: a guard against hanging, not a measure of speed.</summary>
internal static class Patience
{
    private static readonly TimeSpan Limit = Fuzz.IsLong ? TimeSpan.FromMinutes(20) : TimeSpan.FromMinutes(2);

    public static async Task Soon(this ValueTask wait) => await wait.AsTask().WaitAsync(Limit, TestContext.Current.CancellationToken);

    public static async Task Soon(this Task wait) => await wait.WaitAsync(Limit, TestContext.Current.CancellationToken);

    /// <summary>Awaits the condition's coming true.</summary>
    public static void Until(Func<bool> condition)
    {
        long start = Environment.TickCount64;
        var wait = new SpinWait();
        while (!condition())
        {
            (Environment.TickCount64 - start).ShouldBeLessThan((long)Limit.TotalMilliseconds, "it did not come true");
            wait.SpinOnce(sleep1Threshold: 200);
        }
    }
}
