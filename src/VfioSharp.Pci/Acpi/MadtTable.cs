namespace VfioSharp.Pci.Acpi;

/// <summary>The Multiple APIC Description Table, signature <c>APIC</c>: the machine's interrupt controllers (ACPI 6.5, 5.2.12).</summary>
internal sealed class MadtTable : AcpiTable
{
    private const int FixedSize = 44;

    private readonly List<MadtIoApic> ioApics = [];
    private readonly List<MadtDistributor> distributors = [];
    private readonly List<MadtMsiFrame> msiFrames = [];
    private readonly List<MadtIts> its = [];
    private readonly List<MadtRiscvHart> harts = [];
    private readonly List<MadtImsic> imsics = [];
    private readonly List<MadtAplic> aplics = [];

    private MadtTable(AcpiTableReader reader)
        : base(Read(reader, out List<AcpiStructure> structures))
    {
        foreach (AcpiStructure structure in structures)
        {
            Add(structure);
        }
    }

    /// <summary>The IO-APICs (type 1).</summary>
    public IReadOnlyList<MadtIoApic> IoApics => ioApics.AsReadOnly();

    /// <summary>How many GIC CPU interfaces there are (type 11).</summary>
    public int GicCpuInterfaceCount { get; private set; }

    /// <summary>The GIC distributors (type 12); a machine has one.</summary>
    public IReadOnlyList<MadtDistributor> Distributors => distributors.AsReadOnly();

    /// <summary>The GICv2m MSI frames (type 13).</summary>
    public IReadOnlyList<MadtMsiFrame> MsiFrames => msiFrames.AsReadOnly();

    /// <summary>How many ranges of GIC redistributors there are (type 14).</summary>
    public int RedistributorCount { get; private set; }

    /// <summary>The interrupt translation services (type 15).</summary>
    public IReadOnlyList<MadtIts> InterruptTranslationServices => its.AsReadOnly();

    /// <summary>The RISC-V harts' interrupt controllers (type 24).</summary>
    public IReadOnlyList<MadtRiscvHart> RiscvHarts => harts.AsReadOnly();

    /// <summary>The RISC-V IMSIC structures (type 25); a machine has at most one.</summary>
    public IReadOnlyList<MadtImsic> Imsics => imsics.AsReadOnly();

    /// <summary>The RISC-V APLICs (type 26).</summary>
    public IReadOnlyList<MadtAplic> Aplics => aplics.AsReadOnly();

    /// <summary>How many structures of other types there are.</summary>
    public int OtherStructureCount { get; private set; }

    /// <summary>Parses a table, whatever its bytes are.</summary>
    public static MadtTable Parse(ReadOnlyMemory<byte> content) => new(new AcpiTableReader(content, "APIC", FixedSize));

    // The base takes over the findings, so everything that can be wrong must have been looked at before it runs.
    private static AcpiTableReader Read(AcpiTableReader reader, out List<AcpiStructure> structures)
    {
        structures = [];
        foreach (AcpiStructure structure in reader.Structures(FixedSize, reader.Bytes.Length, AcpiStructureLayout.Madt, "the structure"))
        {
            if (reader.Holds(structure, SizeOf(structure.Type), $"the structure of type {structure.Type}"))
            {
                structures.Add(structure);
            }
        }

        return reader;
    }

    // How far each type is read, which for types that grew is less than their size today: older firmware must stay readable.
    private static int SizeOf(int type) => type switch
    {
        1 => 12,
        12 => 24,
        13 => 24,
        15 => 16,
        24 => 20,
        25 => 16,
        26 => 36,
        _ => 2,
    };

    private void Add(AcpiStructure s)
    {
        switch (s.Type)
        {
            case 1:
                ioApics.Add(new MadtIoApic(s.U8(2), s.U32(4), s.U32(8)));
                break;
            case 11:
                GicCpuInterfaceCount++;
                break;
            case 12:
                distributors.Add(new MadtDistributor(s.U32(4), s.U64(8), s.U8(20)));
                break;
            case 13:
                msiFrames.Add(MsiFrame(s));
                break;
            case 14:
                RedistributorCount++;
                break;
            case 15:
                its.Add(new MadtIts(s.U32(4), s.U64(8)));
                break;
            case 24:
                bool hasImsic = s.Length >= 36; // ACPI 6.5's layout ends before it
                harts.Add(new MadtRiscvHart(s.U64(8), hasImsic ? s.U32(20) : 0, hasImsic ? s.U64(24) : 0, hasImsic ? s.U32(32) : 0));
                break;
            case 25:
                imsics.Add(new MadtImsic(s.U16(8), s.U16(10), s.U8(12), s.U8(13), s.U8(14), s.U8(15)));
                break;
            case 26:
                aplics.Add(new MadtAplic(s.U8(3), s.U16(16), s.U16(18), s.U32(20), s.U64(24)));
                break;
            default:
                OtherStructureCount++;
                break;
        }
    }

    private static MadtMsiFrame MsiFrame(AcpiStructure s)
    {
        bool overrides = (s.U32(16) & 1) != 0; // else the frame's own MSI_TYPER register counts
        return new MadtMsiFrame(s.U32(4), s.U64(8), overrides ? s.U16(20) : (ushort)0, overrides ? s.U16(22) : (ushort)0);
    }
}
