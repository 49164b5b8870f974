namespace VfioSharp.Devices.Tests;

/// <summary>What counts as no allocation.</summary>
internal static class Allocation
{
    /// <summary>
    /// In bytes, what a thousand times take that allocate the smallest object each. Less than that is nobody's but the runtime's, which compiles what runs often
    /// anew and allocates some meanwhile, on whatever thread.
    /// </summary>
    public const long OfThousand = 1000 * 24;
}
