using System.Globalization;

namespace VfioSharp.Tests.Fuzzing;

/// <summary>
/// Repeats a test on random input. <c>CI=true</c> repeats it four times as often as at a desk, <c>VFIOSHARP_LONG=1</c> ten times as often as that;
/// <c>VFIOSHARP_SEED</c>, as a failure prints it, repeats that one case.
/// </summary>
internal static class Fuzz
{
    /// <summary>Whether the run may take its time: <c>./test --long</c>. All tests ask here.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("VFIOSHARP_LONG") == "1";

    /// <summary>Whether nobody sits and waits for the run: in CI, or a long one.</summary>
    public static bool IsThorough => IsLong || Environment.GetEnvironmentVariable("CI") == "true";

    /// <summary>How often to repeat what is repeated <paramref name="normal"/> times in CI.</summary>
    public static int Iterations(int normal, int longFactor = 10) =>
        IsLong ? checked(normal * longFactor) : IsThorough ? normal : (normal + 3) / 4;

    public static void Run(int normal, Action<FuzzRandom> test)
    {
        int left = Iterations(normal);
        RunWhile(() => left-- > 0, test);
    }

    /// <summary>Repeats a test for as long as there is more to do.</summary>
    public static void RunWhile(Func<bool> isMore, Action<FuzzRandom> test)
    {
        if (ulong.TryParse(Environment.GetEnvironmentVariable("VFIOSHARP_SEED"), CultureInfo.InvariantCulture, out ulong wanted))
        {
            test(new FuzzRandom(wanted));
            return;
        }

        var seeds = new FuzzRandom((ulong)DateTime.UtcNow.Ticks);
        while (isMore())
        {
            ulong seed = seeds.Next();
            try
            {
                test(new FuzzRandom(seed));
            }
            catch (Exception e)
            {
                throw new InvalidOperationException($"failed; repeat it with VFIOSHARP_SEED={seed}: {e.Message}", e);
            }
        }
    }
}
