using VfioSharp.Tests.Fuzzing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Functions that come and go.</summary>
internal static class Churn
{
    private const int Steps = 60;

    /// <summary>Takes messages for any of them and gives them back, again and again.</summary>
    /// <returns>What is taken in the end.</returns>
    public static List<MessageBlock> Of(MsiDomain host, MessageSource[] sources, FuzzRandom random)
    {
        List<MessageBlock> blocks = [];
        for (int step = 0; step < Steps; step++)
        {
            if (blocks.Count > 0 && random.OneIn(3))
            {
                int at = random.Below(blocks.Count);
                host.Free(blocks[at]);
                blocks.RemoveAt(at);
            }
            else if (host.Allocate(sources[random.Below(sources.Length)], random.Pick(1, 1, 2, 8, 32)) is { } block)
            {
                blocks.Add(block);
            }
        }

        return blocks;
    }
}
