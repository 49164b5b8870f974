namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>What a piece of code allocates once it has been compiled.</summary>
internal static class Allocations
{
    private const int Runs = 10;
    private const int Times = 100;

    /// <summary>In bytes, for a hundred times: the least of ten runs, since the runtime itself may allocate in one.</summary>
    public static long Of<T>(Func<T> action)
    {
        long least = long.MaxValue;
        for (int run = 0; run < Runs; run++)
        {
            long before = GC.GetAllocatedBytesForCurrentThread();
            for (int i = 0; i < Times; i++)
            {
                action();
            }

            least = Math.Min(least, GC.GetAllocatedBytesForCurrentThread() - before);
        }

        return least;
    }
}
