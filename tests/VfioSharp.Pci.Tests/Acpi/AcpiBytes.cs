using System.Buffers.Binary;
using System.Text;

namespace VfioSharp.Pci.Tests.Acpi;

/// <summary>Captured tables, and tables put together by hand.</summary>
internal static class AcpiBytes
{
    public static byte[] Captured(string name) => File.ReadAllBytes(Path.Combine(AppContext.BaseDirectory, "Data", "Acpi", $"{name}.bin"));

    /// <summary>A table with a right length and checksum around the bytes that follow the header.</summary>
    public static byte[] Table(string signature, params byte[][] parts)
    {
        byte[] header = new byte[36];
        Encoding.ASCII.GetBytes(signature, header);
        header[8] = 1;
        "OEMID "u8.CopyTo(header.AsSpan(10));
        "OEMTABLE"u8.CopyTo(header.AsSpan(16));
        byte[] table = [.. header, .. parts.SelectMany(part => part)];
        return Fix(table);
    }

    /// <summary>Sets the length and the checksum right.</summary>
    public static byte[] Fix(byte[] table)
    {
        BinaryPrimitives.WriteUInt32LittleEndian(table.AsSpan(4), (uint)table.Length);
        return FixChecksum(table);
    }

    /// <summary>Sets the checksum right for the length that the table claims.</summary>
    public static byte[] FixChecksum(byte[] table)
    {
        table[9] = 0;
        table[9] = (byte)-table.Sum(value => value);
        return table;
    }

    /// <summary>A copy with other bytes at an offset, its checksum set right.</summary>
    public static byte[] With(byte[] table, int offset, params byte[] bytes)
    {
        byte[] copy = [.. table];
        bytes.CopyTo(copy, offset);
        return FixChecksum(copy);
    }

    /// <summary>Bytes from hexadecimal text; white space does not count.</summary>
    public static byte[] Hex(string text) => Convert.FromHexString(string.Concat(text.Where(c => !char.IsWhiteSpace(c))));

    public static byte[] U16(int value) => BitConverter.GetBytes((ushort)value);

    public static byte[] U32(uint value) => BitConverter.GetBytes(value);

    public static byte[] U64(ulong value) => BitConverter.GetBytes(value);

}
