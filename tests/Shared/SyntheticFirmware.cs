using System.Buffers.Binary;

namespace VfioSharp.Tests.Shared;

/// <summary>The firmware of a <see cref="SyntheticHost"/>.</summary>
internal static class SyntheticFirmware
{
    private const int HeaderLength = 48;
    private const byte FirstPortDevice = 1;

    /// <summary>For each segment a unit for what is behind the first root port and one for the rest (VT-d 4.1, chapter 8).</summary>
    public static byte[] Dmar(int segments)
    {
        List<byte> table = [.. "DMAR"u8, .. new byte[HeaderLength - 4]];
        table[8] = 1; // revision
        table[36] = 47; // 48 bits of address
        table[37] = 1; // interrupt remapping
        for (int segment = 0; segment < segments; segment++)
        {
            AddUnit(table, segment, 0, 2 * segment, [2, 8, 0, 0, 0, 0, FirstPortDevice, 0]); // a bridge and all below
            AddUnit(table, segment, 1, (2 * segment) + 1, segment == 0 ? [3, 8, 0, 0, 2, 0, 0x1e, 7] : []); // an IO-APIC
        }

        byte[] bytes = [.. table];
        BinaryPrimitives.WriteInt32LittleEndian(bytes.AsSpan(4), bytes.Length);
        bytes[9] = (byte)-bytes.Sum(value => value);
        return bytes;
    }

    private static void AddUnit(List<byte> table, int segment, byte flags, int number, byte[] scopes)
    {
        byte[] unit = new byte[16];
        BinaryPrimitives.WriteUInt16LittleEndian(unit.AsSpan(2), (ushort)(unit.Length + scopes.Length));
        unit[4] = flags;
        BinaryPrimitives.WriteUInt16LittleEndian(unit.AsSpan(6), (ushort)segment);
        BinaryPrimitives.WriteUInt64LittleEndian(unit.AsSpan(8), 0xfed9_0000 + (0x1000 * (ulong)number));
        table.AddRange(unit);
        table.AddRange(scopes);
    }
}
