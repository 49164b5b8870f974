namespace VfioSharp.Pci.Acpi;

/// <summary>One node of the IORT: a source of requests, something that they pass through, or where they end (Arm DEN0049E, 3.1).</summary>
internal class IortNode
{
    /// <summary>Creates a node from what all nodes have.</summary>
    internal IortNode(AcpiStructure structure, IReadOnlyList<IortIdMapping> mappings)
    {
        Offset = (uint)structure.Offset;
        Type = (IortNodeType)structure.Type;
        Revision = structure.U8(3);
        Identifier = structure.U32(4);
        Mappings = mappings;
    }

    /// <summary>Where the node lies, from the start of the table: what other nodes refer to it by.</summary>
    public uint Offset { get; }

    /// <summary>What the node describes. A value that the specification does not define is kept as it is.</summary>
    public IortNodeType Type { get; }

    /// <summary>The revision of this type of node.</summary>
    public byte Revision { get; }

    /// <summary>A number that names the node, 0 in old tables.</summary>
    public uint Identifier { get; }

    /// <summary>Where requests go from here.</summary>
    public IReadOnlyList<IortIdMapping> Mappings { get; }

    /// <summary>The mapping that is for the node's own interrupts and not for the requests that pass through it, or -1.</summary>
    private protected virtual int OwnMapping => -1;

    /// <summary>Whether mappings of this node may ignore their input.</summary>
    private bool MaySingle => Type is IortNodeType.NamedComponent or IortNodeType.RootComplex;

    /// <summary>
    /// Sends an ID on: the first mapping that holds it, as <c>drivers/acpi/arm64/iort.c</c> (<c>iort_node_map_id</c>) picks it.
    /// </summary>
    /// <returns>The ID that comes out and the offset of the node that takes it, or null where no mapping holds the ID.</returns>
    internal (uint Id, uint Reference)? Map(uint id)
    {
        (uint Id, uint Reference)? atEnd = null;
        for (int i = 0; i < Mappings.Count; i++)
        {
            IortIdMapping mapping = Mappings[i];
            bool holds = mapping.IsSingle ? MaySingle : mapping.Contains(id);
            if (i == OwnMapping || !holds)
            {
                continue;
            }

            (uint, uint) mapped = (mapping.Map(id), mapping.OutputReference);
            if (mapping.IsSingle)
            {
                return mapped;
            }

            if (atEnd is not null && id != mapping.InputBase)
            {
                continue;
            }

            if (!mapping.EndsWith(id))
            {
                return mapped;
            }

            atEnd = mapped;
        }

        return atEnd;
    }
}
