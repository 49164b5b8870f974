using System.Buffers.Binary;

namespace VfioSharp.Tests.Fuzzing;

/// <summary>
/// Random numbers that one seed reproduces on any runtime, and fast enough to make a configuration space of them each time (SplitMix64).
/// </summary>
internal sealed class FuzzRandom(ulong seed)
{
    private ulong state = seed;

    public ulong Next()
    {
        state += 0x9E3779B97F4A7C15;
        ulong z = state;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }

    /// <summary>A number from 0 to <paramref name="exclusive"/> - 1.</summary>
    public int Below(int exclusive) => (int)(Next() % (uint)exclusive);

    public bool OneIn(int n) => Below(n) == 0;

    public T Pick<T>(params ReadOnlySpan<T> choices) => choices[Below(choices.Length)];

    public void Fill(Span<byte> bytes)
    {
        for (; bytes.Length >= sizeof(ulong); bytes = bytes[sizeof(ulong)..])
        {
            BinaryPrimitives.WriteUInt64LittleEndian(bytes, Next());
        }

        for (int i = 0; i < bytes.Length; i++)
        {
            bytes[i] = (byte)Next();
        }
    }
}
