using System.Buffers.Binary;

namespace VfioSharp.Testing.Faults;

/// <summary>That an event goes wrong.</summary>
/// <param name="Rule">By which rule.</param>
/// <param name="Bits">Random, for what the rule leaves to the dice.</param>
internal readonly record struct Fault(FaultRule Rule, ulong Bits)
{
    public FaultAction Action => Rule.Action;

    /// <summary>Flips bits of a register's value.</summary>
    public ulong Corrupt(ulong value, int width)
    {
        Span<byte> data = stackalloc byte[sizeof(ulong)];
        BinaryPrimitives.WriteUInt64LittleEndian(data, value);
        Corrupt(data[..width]);
        return BinaryPrimitives.ReadUInt64LittleEndian(data);
    }

    /// <summary>Flips bits of what is on its way; those beyond its end are let be.</summary>
    public void Corrupt(Span<byte> data)
    {
        int first = Rule.Byte ?? (int)((Bits >> 8) % (uint)data.Length);
        ulong mask = Rule.Mask ?? 1UL << (int)(Bits & 7);
        for (int i = first; i < data.Length && mask != 0; i++, mask >>= 8)
        {
            data[i] ^= (byte)mask;
        }
    }

    /// <summary>Another vector, where there is another.</summary>
    public int OtherVector(int vector, int count) => count < 2 ? vector : (vector + 1 + (int)(Bits % (uint)(count - 1))) % count;
}
