using System.Collections.ObjectModel;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>
/// The I/O Virtualization Reporting Structure: AMD's IOMMUs and what each is responsible for (AMD IOMMU specification 3.08, 5.2).
/// </summary>
internal sealed class IvrsTable : AcpiTable
{
    private const int FixedSize = 48;
    private const int UnityFlag = 1;

    private IvrsTable(AcpiTableReader reader, List<IvrsUnit> blocks, int memoryBlocks, int unityRanges, int others)
        : base(reader)
    {
        VirtualizationInfo = reader.Table.Length > 0 ? reader.Table.U32(36) : 0;
        Blocks = blocks.AsReadOnly();
        Units = UnitsInUse(blocks);
        MemoryBlockCount = memoryBlocks;
        UnityRangeCount = unityRanges;
        OtherBlockCount = others;
    }

    /// <summary>IVinfo, as it is: bit 0 EFRSup, bit 1 DMA remapping support, bits 14:8 physical and 21:15 virtual address size.</summary>
    public uint VirtualizationInfo { get; }

    /// <summary>The physical address size in bits.</summary>
    public int PhysicalAddressSize => (int)(VirtualizationInfo >> 8) & 0x7f;

    /// <summary>Every IVHD block, in the table's order: an IOMMU may have several.</summary>
    public IReadOnlyList<IvrsUnit> Blocks { get; }

    /// <summary>
    /// The blocks that Linux uses: those of one type, which is that of the last block about the IOMMU that the first block is about
    /// (<c>drivers/iommu/amd/init.c</c>, <c>get_highest_supported_ivhd_type</c>).
    /// </summary>
    public IReadOnlyList<IvrsUnit> Units { get; }

    /// <summary>How many IVMD blocks there are: memory that some devices go on using.</summary>
    public int MemoryBlockCount { get; }

    /// <summary>How many of the IVMD blocks ask for an identity mapping.</summary>
    public int UnityRangeCount { get; }

    /// <summary>How many blocks of other types there are.</summary>
    public int OtherBlockCount { get; }

    /// <summary>The IO-APICs whose messages the units in use take, with the requester IDs of those messages.</summary>
    public IEnumerable<IvrsSpecialDevice> IoApics =>
        Units.SelectMany(unit => unit.SpecialDevices).Where(device => device.Kind == IvrsSpecialDeviceKind.IoApic);

    /// <summary>
    /// Whether the table says which ID an IO-APIC's messages carry. Where it does not, Linux does not enable interrupt remapping
    /// (<c>drivers/iommu/amd/init.c</c>, <c>check_ioapic_information</c>); QEMU's <c>intremap=off</c> shows itself in this alone.
    /// </summary>
    public bool DescribesIoApics => IoApics.Any();

    /// <summary>Parses a table, whatever its bytes are.</summary>
    public static IvrsTable Parse(ReadOnlyMemory<byte> content)
    {
        var reader = new AcpiTableReader(content, "IVRS", FixedSize);
        var blocks = new List<IvrsUnit>();
        int memoryBlocks = 0;
        int unityRanges = 0;
        int others = 0;
        foreach (AcpiStructure block in reader.Structures(FixedSize, reader.Bytes.Length, AcpiStructureLayout.Ivrs, "the block"))
        {
            switch (block.Type)
            {
                case 0x10 or 0x11 or 0x40:
                    if (Unit(reader, block) is { } unit)
                    {
                        blocks.Add(unit);
                    }

                    break;
                case 0x20 or 0x21 or 0x22:
                    memoryBlocks++;
                    unityRanges += block.U8(1) & UnityFlag;
                    break;
                default:
                    others++;
                    break;
            }
        }

        return new IvrsTable(reader, blocks, memoryBlocks, unityRanges, others);
    }

    /// <summary>
    /// The unit in use that is responsible for a function, or null where the table names none. For a VF that is not listed ask for its
    /// PF.
    /// </summary>
    public IvrsUnit? UnitFor(PciAddress function)
    {
        foreach (IvrsUnit unit in Units)
        {
            if (unit.Segment == function.Segment && unit.Devices.Any(range => range.Contains(function.RequesterId)))
            {
                return unit;
            }
        }

        return null;
    }

    private static ReadOnlyCollection<IvrsUnit> UnitsInUse(List<IvrsUnit> blocks)
    {
        if (blocks.Count == 0)
        {
            return ReadOnlyCollection<IvrsUnit>.Empty;
        }

        byte type = blocks.Last(block => block.Id == blocks[0].Id).BlockType;
        return blocks.Where(block => block.BlockType == type).ToList().AsReadOnly();
    }

    private static IvrsUnit? Unit(AcpiTableReader reader, AcpiStructure block)
    {
        bool extended = block.Type != 0x10;
        int headerSize = extended ? 40 : 24;
        if (!reader.Holds(block, headerSize, "the IVHD block"))
        {
            return null;
        }

        var entries = new IvrsDeviceEntries(reader, block, headerSize);
        return new IvrsUnit(
            (byte)block.Type,
            block.U8(1),
            new RequesterId(block.U16(4)),
            block.U16(6),
            block.U64(8),
            block.U16(16),
            block.U32(20),
            extended ? block.U64(24) : null,
            entries.Devices,
            entries.SpecialDevices);
    }
}
