using System.Buffers.Binary;
using System.Text;

namespace VfioSharp.Nvme.Spec;

/// <summary>Fields of a structure in memory, by their offsets as the specification's figures give them.</summary>
/// <param name="bytes">The structure, whole.</param>
internal readonly ref struct LittleEndianFields(Span<byte> bytes)
{
    /// <summary>The structure.</summary>
    public Span<byte> Bytes { get; } = bytes;

    public byte Read8(int offset) => Bytes[offset];

    public void Write8(int offset, byte value) => Bytes[offset] = value;

    public ushort Read16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes[offset..]);

    public void Write16(int offset, ushort value) => BinaryPrimitives.WriteUInt16LittleEndian(Bytes[offset..], value);

    public uint Read32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes[offset..]);

    public void Write32(int offset, uint value) => BinaryPrimitives.WriteUInt32LittleEndian(Bytes[offset..], value);

    public ulong Read64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes[offset..]);

    public void Write64(int offset, ulong value) => BinaryPrimitives.WriteUInt64LittleEndian(Bytes[offset..], value);

    public UInt128 Read128(int offset) => BinaryPrimitives.ReadUInt128LittleEndian(Bytes[offset..]);

    public void Write128(int offset, UInt128 value) => BinaryPrimitives.WriteUInt128LittleEndian(Bytes[offset..], value);

    /// <summary>Text of printable ASCII, without the spaces or zeros that fill it up; other bytes, which a device may have there, read as '?'.</summary>
    public string ReadText(int offset, int length)
    {
        var text = new StringBuilder(length);
        foreach (byte each in Bytes.Slice(offset, length).TrimEnd([(byte)' ', (byte)0]))
        {
            text.Append(each is >= 0x20 and < 0x7F ? (char)each : '?');
        }

        return text.ToString();
    }

    /// <summary>Writes text of ASCII, filled up with spaces.</summary>
    /// <exception cref="ArgumentException">It is longer than the field, or not ASCII.</exception>
    public void WriteText(int offset, int length, string text)
    {
        Span<byte> field = Bytes.Slice(offset, length);
        if (text.Length > length || !Ascii.IsValid(text))
        {
            throw new ArgumentException($"'{text}' is not up to {length} characters of ASCII", nameof(text));
        }

        field.Fill((byte)' ');
        Encoding.ASCII.GetBytes(text, field);
    }
}
