using System.Buffers.Binary;
using System.Text;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>Writes an ACPI table: its header (ACPI 6.5, 5.2.6), then field by field, little-endian.</summary>
internal sealed class AcpiTableBuilder
{
    private const int LengthOffset = 4;
    private const int ChecksumOffset = 9;

    private readonly List<byte> bytes = [];

    /// <param name="signature">The table's four letters.</param>
    /// <param name="revision">Its revision.</param>
    public AcpiTableBuilder(string signature, byte revision)
    {
        Add(signature).Add32(0).Add8(revision, 0).Add("VFIOSP").Add("VIRTUAL ").Add32(1).Add("VFIO").Add32(1);
    }

    public AcpiTableBuilder Add8(params ReadOnlySpan<byte> values)
    {
        bytes.AddRange(values);
        return this;
    }

    public AcpiTableBuilder Add16(ushort value) => Add8((byte)value, (byte)(value >> 8));

    public AcpiTableBuilder Add32(uint value) => Add16((ushort)value).Add16((ushort)(value >> 16));

    public AcpiTableBuilder Add64(ulong value) => Add32((uint)value).Add32((uint)(value >> 32));

    public AcpiTableBuilder AddZeros(int count) => Add8(new byte[count]);

    /// <summary>The table, with its length and its checksum.</summary>
    public byte[] ToArray()
    {
        byte[] table = [.. bytes];
        BinaryPrimitives.WriteInt32LittleEndian(table.AsSpan(LengthOffset), table.Length);
        table[ChecksumOffset] = (byte)-table.Sum(value => value);
        return table;
    }

    private AcpiTableBuilder Add(string text) => Add8(Encoding.ASCII.GetBytes(text));
}
