using System.Buffers.Binary;

namespace VfioSharp.Pci.Acpi;

/// <summary>One structure inside an ACPI table: where it lies and its bytes. All values in it are little-endian.</summary>
/// <param name="Offset">The first byte, from the start of the table.</param>
/// <param name="Type">The structure's type, as its first bytes give it.</param>
/// <param name="Bytes">All its bytes, the type and length among them.</param>
internal readonly record struct AcpiStructure(int Offset, int Type, ReadOnlyMemory<byte> Bytes)
{
    /// <summary>How many bytes there are.</summary>
    public int Length => Bytes.Length;

    /// <summary>The byte at <paramref name="offset"/>.</summary>
    public byte U8(int offset) => Bytes.Span[offset];

    /// <summary>The 16-bit value at <paramref name="offset"/>.</summary>
    public ushort U16(int offset) => BinaryPrimitives.ReadUInt16LittleEndian(Bytes.Span[offset..]);

    /// <summary>The 32-bit value at <paramref name="offset"/>.</summary>
    public uint U32(int offset) => BinaryPrimitives.ReadUInt32LittleEndian(Bytes.Span[offset..]);

    /// <summary>The 64-bit value at <paramref name="offset"/>.</summary>
    public ulong U64(int offset) => BinaryPrimitives.ReadUInt64LittleEndian(Bytes.Span[offset..]);
}
