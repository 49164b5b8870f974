using System.Buffers.Binary;

namespace VfioSharp.Pci.Acpi;

/// <summary>The 36 bytes that every ACPI description table begins with (ACPI 6.5, 5.2.6).</summary>
/// <param name="Signature">The four characters that name the table; bytes that are no printable ASCII are shown as <c>?</c>.</param>
/// <param name="Length">The table's length in bytes, this header included, as the table claims it.</param>
/// <param name="Revision">The revision of the table's layout.</param>
/// <param name="OemId">Who made the firmware, up to six characters.</param>
/// <param name="OemTableId">The maker's name for this table, up to eight characters.</param>
/// <param name="OemRevision">The maker's revision of this table.</param>
/// <param name="CreatorId">The tool that made the table, up to four characters.</param>
/// <param name="CreatorRevision">That tool's revision.</param>
internal sealed record AcpiTableHeader(
    string Signature,
    uint Length,
    byte Revision,
    string OemId,
    string OemTableId,
    uint OemRevision,
    string CreatorId,
    uint CreatorRevision)
{
    /// <summary>The size of the header in bytes.</summary>
    public const int Size = 36;

    /// <summary>Reads the header, or gives null where there are too few bytes for one.</summary>
    public static AcpiTableHeader? TryRead(ReadOnlySpan<byte> content) =>
        content.Length < Size
            ? null
            : new AcpiTableHeader(
                Ascii(content[..4]),
                BinaryPrimitives.ReadUInt32LittleEndian(content[4..]),
                content[8],
                Ascii(content.Slice(10, 6)),
                Ascii(content.Slice(16, 8)),
                BinaryPrimitives.ReadUInt32LittleEndian(content[24..]),
                Ascii(content.Slice(28, 4)),
                BinaryPrimitives.ReadUInt32LittleEndian(content[32..]));

    private static string Ascii(ReadOnlySpan<byte> bytes)
    {
        Span<char> text = stackalloc char[bytes.Length];
        for (int i = 0; i < bytes.Length; i++)
        {
            text[i] = bytes[i] is >= 0x20 and < 0x7f ? (char)bytes[i] : bytes[i] == 0 ? ' ' : '?';
        }

        return text.TrimEnd().ToString();
    }
}
