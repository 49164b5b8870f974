namespace VfioSharp.Pci.Acpi;

/// <summary>The PCI root complex of a segment (Arm DEN0049E, 3.1.1.3).</summary>
internal sealed class IortRootComplex : IortNode
{
    /// <summary>The bytes of the oldest revision.</summary>
    internal const int FixedSize = 32;

    /// <summary>Reads the node; at least <see cref="FixedSize"/> bytes must be there.</summary>
    internal IortRootComplex(AcpiStructure structure, IReadOnlyList<IortIdMapping> mappings)
        : base(structure, mappings)
    {
        IsCacheCoherent = (structure.U32(16) & 1) != 0;
        MemoryAccessFlags = structure.U8(23);
        AtsAttribute = structure.U32(24);
        Segment = structure.U32(28);
    }

    /// <summary>The segment number.</summary>
    public uint Segment { get; }

    /// <summary>CCA: whether the functions' requests can be made coherent with the processors' caches.</summary>
    public bool IsCacheCoherent { get; }

    /// <summary>
    /// The memory access flags, as they are: bit 0 CPM (coherent without help), bit 1 DACS (attributes are as a processor's), bit 2
    /// CANWBS.
    /// </summary>
    public byte MemoryAccessFlags { get; }

    /// <summary>The ATS attribute, as it is: bit 0 says that ATS is supported, bit 1 PRI, bit 2 PASID forwarding.</summary>
    public uint AtsAttribute { get; }
}
