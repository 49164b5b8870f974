using System.Globalization;

namespace VfioSharp.Pci.Acpi;

/// <summary>Reads one table's bytes and keeps what was found wrong with them. Lives only while the table is parsed.</summary>
internal sealed class AcpiTableReader
{
    private const int MaxFindings = 16;

    private readonly List<string> findings = [];
    private readonly string name;
    private int leftOut;

    /// <summary>Checks the header and cuts the content to what the table claims.</summary>
    /// <param name="content">The file's bytes.</param>
    /// <param name="signature">The four characters that the table must begin with.</param>
    /// <param name="fixedSize">The bytes before the first structure, the header included.</param>
    public AcpiTableReader(ReadOnlyMemory<byte> content, string signature, int fixedSize)
    {
        name = signature;
        Header = AcpiTableHeader.TryRead(content.Span);
        if (Header is null)
        {
            Incomplete($"{content.Length} bytes are too few for a table");
        }
        else if (Header.Signature != signature)
        {
            Incomplete($"the signature is '{Header.Signature}'");
            Header = null;
        }
        else if (Header.Length < fixedSize)
        {
            Incomplete($"the length field says {Header.Length} bytes, too few for this table");
        }
        else
        {
            Open(content, Header.Length, fixedSize);
        }
    }

    /// <summary>The header, or null where the content is no such table.</summary>
    public AcpiTableHeader? Header { get; }

    /// <summary>The table's bytes from its header on; empty where the content is no such table.</summary>
    public ReadOnlyMemory<byte> Bytes { get; private set; }

    /// <summary>
    /// The fixed part and all that follows, for reading fields by their offset; <see cref="AcpiStructure.Length"/> is 0 where it could
    /// not be read.
    /// </summary>
    public AcpiStructure Table => new(0, 0, Bytes);

    /// <summary>Whether the bytes add up to 0 modulo 256.</summary>
    public bool ChecksumValid { get; private set; }

    /// <summary>Whether everything that the table claims to hold could be read.</summary>
    public bool IsComplete { get; private set; } = true;

    /// <summary>What was found wrong, in the order of the table. Bounded: a hostile table cannot make it grow without end.</summary>
    public IReadOnlyList<string> Findings()
    {
        if (leftOut > 0)
        {
            findings.Add($"{name}: {leftOut} more findings");
            leftOut = 0;
        }

        return findings.AsReadOnly();
    }

    /// <summary>Notes something wrong that leaves nothing unread.</summary>
    public void Note(string text)
    {
        if (findings.Count < MaxFindings)
        {
            findings.Add($"{name}: {text}");
        }
        else
        {
            leftOut++;
        }
    }

    /// <summary>Notes something wrong because of which a part of the table was not read.</summary>
    public void Incomplete(string text)
    {
        IsComplete = false;
        Note(text);
    }

    /// <summary>Whether the structure has the bytes that its type needs; where it has not, that is a finding.</summary>
    public bool Holds(AcpiStructure structure, int size, string what)
    {
        if (structure.Length < size)
        {
            Incomplete($"{what} at {Hex(structure.Offset)} has {structure.Length} bytes and needs {size}");
            return false;
        }

        return true;
    }

    /// <summary>The structures that follow one another from <paramref name="start"/>, until the first that cannot be right.</summary>
    /// <param name="start">The offset of the first, from the start of the table.</param>
    /// <param name="end">The offset after the last; at most the length of <see cref="Bytes"/>.</param>
    /// <param name="layout">How they give their type and length.</param>
    /// <param name="what">What they are, for the findings.</param>
    public IEnumerable<AcpiStructure> Structures(int start, int end, AcpiStructureLayout layout, string what)
    {
        int offset = start;
        while (offset < end)
        {
            int left = end - offset;
            if (left < layout.HeaderSize)
            {
                Incomplete($"{what} at {Hex(offset)} is cut off");
                yield break;
            }

            ReadOnlyMemory<byte> rest = Bytes[offset..end];
            int length = layout.LengthOf(rest.Span);
            if (length < layout.HeaderSize || length > left)
            {
                Incomplete(
                    $"{what} at {Hex(offset)} has length {length}, which must be {layout.HeaderSize} to {left}; what follows was not read");
                yield break;
            }

            yield return new AcpiStructure(offset, layout.TypeOf(rest.Span), rest[..length]);
            offset += length;
        }
    }

    /// <summary>An offset as findings write it.</summary>
    public static string Hex(int offset) => string.Create(CultureInfo.InvariantCulture, $"0x{offset:x}");

    private void Open(ReadOnlyMemory<byte> content, uint length, int fixedSize)
    {
        if (length > content.Length)
        {
            Incomplete(
                $"the length field says {length} bytes, of which {content.Length} are there; the checksum cannot be checked");
            Bytes = content.Length < fixedSize ? default : content;
            return;
        }

        Bytes = content[..(int)length];
        byte sum = 0;
        foreach (byte value in Bytes.Span)
        {
            sum += value;
        }

        ChecksumValid = sum == 0;
        if (!ChecksumValid)
        {
            Note(string.Create(CultureInfo.InvariantCulture, $"the checksum is wrong: the bytes add up to 0x{sum:x2}, not 0"));
        }
    }
}
