using System.Globalization;

namespace VfioSharp.Pci.Tests.Acpi;

/// <summary>Runs a body many times with random input and, when it fails, says how to run it again.</summary>
internal static class Fuzz
{
    private const int LongFactor = 200;

    public static void Run(int rounds, Action<Random> body)
    {
        int seed = int.TryParse(Environment.GetEnvironmentVariable("VFIOSHARP_SEED"), CultureInfo.InvariantCulture, out int given)
            ? given
            : Random.Shared.Next();
        int total = VfioSharp.Tests.Fuzzing.Fuzz.Iterations(rounds, LongFactor);
        for (int round = 0; round < total; round++)
        {
            int own = unchecked(seed + round);
            try
            {
                body(new Random(own));
            }
            catch (Exception failure)
            {
                throw new InvalidOperationException($"Failed in round {round}. Run it again with VFIOSHARP_SEED={own}.", failure);
            }
        }
    }

    /// <summary>A copy with some bytes changed, favouring values that lengths and counts go wrong with, and sometimes cut off.</summary>
    public static byte[] Mutate(Random random, byte[] original)
    {
        byte[] bytes = [.. original];
        for (int changes = random.Next(1, 8); changes > 0; changes--)
        {
            bytes[random.Next(bytes.Length)] = random.Next(4) switch
            {
                0 => 0,
                1 => 0xff,
                2 => (byte)random.Next(64),
                _ => (byte)random.Next(256),
            };
        }

        return random.Next(4) == 0 ? bytes[..random.Next(bytes.Length + 1)] : bytes;
    }
}
