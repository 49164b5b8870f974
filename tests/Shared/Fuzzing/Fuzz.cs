using System.Globalization;

namespace VfioSharp.Tests.Fuzzing;

/// <summary>
/// Repeats a test on random input. <c>VFIOSHARP_LONG=1</c> repeats it ten times as often; <c>VFIOSHARP_SEED</c>, as a failure prints it,
/// repeats that one case.
/// </summary>
internal static class Fuzz
{
    /// <summary>Whether the run may take its time: <c>./test --long</c>. All tests ask here.</summary>
    public static bool IsLong => Environment.GetEnvironmentVariable("VFIOSHARP_LONG") == "1";

    /// <summary>How often to repeat what is normally repeated <paramref name="normal"/> times.</summary>
    public static int Iterations(int normal, int longFactor = 10) =>
        IsLong ? checked(normal * longFactor) : normal;

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
