using System.Buffers.Binary;
using System.Text;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>Bytes laid out by hand, little-endian, field after field as the specification's tables have them.</summary>
internal sealed class Bytes
{
    private readonly List<byte> bytes = [];

    public int Length => bytes.Count;

    public static implicit operator byte[](Bytes bytes) => [.. bytes.bytes];

    public static implicit operator ReadOnlySpan<byte>(Bytes bytes) => bytes.bytes.ToArray();

    public Bytes U16(params ReadOnlySpan<ushort> values)
    {
        foreach (ushort value in values)
        {
            byte[] field = new byte[sizeof(ushort)];
            BinaryPrimitives.WriteUInt16LittleEndian(field, value);
            bytes.AddRange(field);
        }

        return this;
    }

    public Bytes U32(params ReadOnlySpan<uint> values)
    {
        foreach (uint value in values)
        {
            byte[] field = new byte[sizeof(uint)];
            BinaryPrimitives.WriteUInt32LittleEndian(field, value);
            bytes.AddRange(field);
        }

        return this;
    }

    public Bytes U64(params ReadOnlySpan<ulong> values)
    {
        foreach (ulong value in values)
        {
            byte[] field = new byte[sizeof(ulong)];
            BinaryPrimitives.WriteUInt64LittleEndian(field, value);
            bytes.AddRange(field);
        }

        return this;
    }

    public Bytes Raw(params ReadOnlySpan<byte> values)
    {
        bytes.AddRange(values);
        return this;
    }

    public Bytes Text(string text) => Raw(Encoding.UTF8.GetBytes(text));

    public byte[] ToArray() => [.. bytes];
}
