using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Pci.Tests.Fuzzing;

public class FuzzTests
{
    [Fact]
    public void A_failure_names_the_seed_that_repeats_it()
    {
        ulong failing = 0;
        var failure = Should.Throw<InvalidOperationException>(() => Fuzz.Run(1000, random =>
        {
            ulong value = random.Next();
            if (value % 7 == 0)
            {
                failing = value;
                throw new InvalidDataException("found");
            }
        }));

        string seed = failure.Message.Split("VFIOSHARP_SEED=")[1].Split(':')[0];
        new FuzzRandom(ulong.Parse(seed, System.Globalization.CultureInfo.InvariantCulture)).Next().ShouldBe(failing);
        failure.InnerException.ShouldBeOfType<InvalidDataException>();
    }

    [Fact]
    public void Random_bytes_fill_every_length()
    {
        foreach (int length in new[] { 0, 1, 7, 8, 9, 63, 64, 4096 })
        {
            var seen = new byte[length];
            for (int round = 0; round < 8; round++)
            {
                var bytes = new byte[length];
                new FuzzRandom((ulong)round).Fill(bytes);
                for (int i = 0; i < length; i++)
                {
                    seen[i] |= bytes[i];
                }
            }

            seen.ShouldAllBe(b => b != 0);
        }
    }
}
