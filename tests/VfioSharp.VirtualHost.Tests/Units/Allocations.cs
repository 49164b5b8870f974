namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>What a piece of code allocates once it has been compiled.</summary>
internal static class Allocations
{
    private const int Times = 100;

    /// <summary>In bytes, for a hundred times.</summary>
    public static long Of<T>(Func<T> action)
    {
        Repeat(action);
        long before = GC.GetAllocatedBytesForCurrentThread();
        Repeat(action);
        return GC.GetAllocatedBytesForCurrentThread() - before;
    }

    private static void Repeat<T>(Func<T> action)
    {
        for (int i = 0; i < Times; i++)
        {
            action();
        }
    }
}
