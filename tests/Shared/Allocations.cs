namespace VfioSharp.Tests.Shared;

/// <summary>What a piece of code allocates once it has been compiled.</summary>
internal static class Allocations
{
    private const int Runs = 10;

    /// <summary>In bytes, on this thread, for so many times: the least of ten runs, since the runtime itself may allocate in one.</summary>
    public static long Of(Action action, int times = 100)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < times; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
