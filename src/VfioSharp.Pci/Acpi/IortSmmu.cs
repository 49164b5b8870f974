namespace VfioSharp.Pci.Acpi;

/// <summary>An Arm SMMU (Arm DEN0049E, 3.1.1.4 for versions 1 and 2, 3.1.1.5 for version 3).</summary>
internal sealed class IortSmmu : IortNode
{
    /// <summary>How far a node of version 1 or 2 is read.</summary>
    internal const int LegacySize = 40;

    /// <summary>The bytes of the oldest revision of a node of version 3.</summary>
    internal const int V3Size = 60;

    private const int OwnMappingOffset = 64;

    /// <summary>Reads the node; as many bytes as its version needs must be there.</summary>
    internal IortSmmu(AcpiStructure structure, IReadOnlyList<IortIdMapping> mappings)
        : base(structure, mappings)
    {
        IsVersion3 = Type == IortNodeType.SmmuV3;
        BaseAddress = structure.U64(16);
        Flags = structure.U32(IsVersion3 ? 24 : 36);
        Model = structure.U32(IsVersion3 ? 40 : 32);
        HasCoherentTableWalk = (Flags & (IsVersion3 ? 1u : 2u)) != 0;
        OwnMapping = IsVersion3 && HasOwnMapping(structure) ? (int)Math.Min(structure.U32(OwnMappingOffset), int.MaxValue) : -1;
    }

    /// <summary>Whether this is an SMMUv3; else it is of version 1 or 2.</summary>
    public bool IsVersion3 { get; }

    /// <summary>The physical address of its registers.</summary>
    public ulong BaseAddress { get; }

    /// <summary>The flags, as they are.</summary>
    public uint Flags { get; }

    /// <summary>
    /// The model number: for version 3, 0 is any SMMUv3; for versions 1 and 2, 0 is SMMUv1, 1 SMMUv2, and others are certain products.
    /// </summary>
    public uint Model { get; }

    /// <summary>
    /// Whether the firmware says that the SMMU's own table walks are coherent (version 3: COHACC override, which a register may say too).
    /// </summary>
    public bool HasCoherentTableWalk { get; }

    /// <inheritdoc/>
    private protected override int OwnMapping { get; }

    // Until revision 5 the index was valid unless all four interrupts are wired; from then on a flag says so (iort_get_id_mapping_index).
    private bool HasOwnMapping(AcpiStructure structure) =>
        structure.Length >= OwnMappingOffset + 4
        && Revision switch
        {
            0 => false,
            < 5 => structure.U32(44) == 0 || structure.U32(48) == 0 || structure.U32(52) == 0 || structure.U32(56) == 0,
            _ => (Flags & 0x10) != 0,
        };
}
