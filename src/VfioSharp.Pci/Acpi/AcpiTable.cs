namespace VfioSharp.Pci.Acpi;

/// <summary>
/// What all parsed tables have. A table is parsed whatever its bytes are; what was wrong with them is in <see cref="Findings"/>.
/// </summary>
internal abstract class AcpiTable
{
    /// <summary>Takes over what the reader found, once everything is read.</summary>
    protected AcpiTable(AcpiTableReader reader)
    {
        Header = reader.Header;
        ChecksumValid = reader.ChecksumValid;
        IsComplete = reader.IsComplete;
        Findings = reader.Findings();
    }

    /// <summary>The table's header, or null where the content is no such table.</summary>
    public AcpiTableHeader? Header { get; }

    /// <summary>
    /// Whether the bytes add up to 0 modulo 256. Linux warns of a wrong sum and uses the table all the same
    /// (<c>drivers/acpi/acpica/utcksum.c</c>), and so the content is parsed here too. False where bytes are missing.
    /// </summary>
    public bool ChecksumValid { get; }

    /// <summary>
    /// Whether everything in the table was read. Where it was not, what is missing here may be in the part that was not read.
    /// </summary>
    public bool IsComplete { get; }

    /// <summary>What is wrong with the table, in sentences; empty when nothing is.</summary>
    public IReadOnlyList<string> Findings { get; }
}
