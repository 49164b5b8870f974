using System.Collections.ObjectModel;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>The I/O Remapping Table: through which SMMU and to which interrupt translation services requests go (Arm DEN0049E).</summary>
internal sealed class IortTable : AcpiTable
{
    private const int FixedSize = 48;
    private const int MappingSize = 20;

    private readonly Dictionary<uint, IortNode> byOffset = [];

    private IortTable(AcpiTableReader reader, List<IortNode> nodes)
        : base(reader)
    {
        Nodes = nodes.AsReadOnly();
        foreach (IortNode node in nodes)
        {
            byOffset[node.Offset] = node;
        }
    }

    /// <summary>All nodes, in the table's order.</summary>
    public IReadOnlyList<IortNode> Nodes { get; }

    /// <summary>Parses a table, whatever its bytes are.</summary>
    public static IortTable Parse(ReadOnlyMemory<byte> content)
    {
        var reader = new AcpiTableReader(content, "IORT", FixedSize);
        var nodes = new List<IortNode>();
        if (reader.Table.Length > 0)
        {
            ReadNodes(reader, nodes);
            Check(reader, nodes);
        }

        return new IortTable(reader, nodes);
    }

    /// <summary>
    /// The interrupt translation services that take a function's messages, by the IDs that the MADT gives them; empty where the table
    /// leads to none.
    /// </summary>
    /// <param name="segment">The function's segment.</param>
    /// <param name="requester">The requester ID under which its messages reach the root complex.</param>
    public IReadOnlyList<uint> ItsFor(uint segment, RequesterId requester) =>
        Walk(segment, requester, static node => node is IortItsGroup) is IortItsGroup group ? group.Identifiers : [];

    /// <summary>The SMMU that translates a function's requests, or null where the table leads through none.</summary>
    /// <inheritdoc cref="ItsFor" path="/param"/>
    public IortSmmu? SmmuFor(uint segment, RequesterId requester) =>
        Walk(segment, requester, static node => node is IortSmmu) as IortSmmu;

    // One root complex a segment: the first, as iort_match_node_callback takes it. Every step goes to a node, and a walk of more steps
    // than there are nodes goes in circles.
    private IortNode? Walk(uint segment, RequesterId requester, Func<IortNode, bool> isEnd)
    {
        IortNode? node = Nodes.FirstOrDefault(candidate => candidate is IortRootComplex root && root.Segment == segment);
        uint id = requester.Value;
        for (int steps = 0; node is not null && steps <= Nodes.Count; steps++)
        {
            if (isEnd(node))
            {
                return node;
            }

            if (node.Map(id) is not var (next, reference))
            {
                return null;
            }

            id = next;
            node = byOffset.GetValueOrDefault(reference);
        }

        return null;
    }

    private static void ReadNodes(AcpiTableReader reader, List<IortNode> nodes)
    {
        uint count = reader.Table.U32(36);
        uint first = reader.Table.U32(40);
        uint read = 0;
        if (first < FixedSize || first > reader.Bytes.Length)
        {
            reader.Incomplete($"the first node is said to lie at {first}, outside the table");
            return;
        }

        foreach (AcpiStructure structure in reader.Structures((int)first, reader.Bytes.Length, AcpiStructureLayout.Iort, "the node"))
        {
            if (read == count)
            {
                return;
            }

            read++;
            if (Node(reader, structure) is { } node)
            {
                nodes.Add(node);
            }
        }

        if (read < count)
        {
            reader.Incomplete($"{count} nodes are announced and {read} are there");
        }
    }

    private static IortNode? Node(AcpiTableReader reader, AcpiStructure structure)
    {
        (int size, string what) = (IortNodeType)structure.Type switch
        {
            IortNodeType.ItsGroup => (IortItsGroup.FixedSize, "the ITS group"),
            IortNodeType.NamedComponent => (IortNamedComponent.FixedSize, "the named component"),
            IortNodeType.RootComplex => (IortRootComplex.FixedSize, "the root complex"),
            IortNodeType.Smmu => (IortSmmu.LegacySize, "the SMMU"),
            IortNodeType.SmmuV3 => (IortSmmu.V3Size, "the SMMUv3"),
            _ => (AcpiStructureLayout.Iort.HeaderSize, "the node"),
        };
        if (!reader.Holds(structure, size, what))
        {
            return null;
        }

        ReadOnlyCollection<IortIdMapping> mappings = Mappings(reader, structure, size);
        return (IortNodeType)structure.Type switch
        {
            IortNodeType.ItsGroup => ItsGroup(reader, structure, mappings),
            IortNodeType.NamedComponent => new IortNamedComponent(structure, mappings),
            IortNodeType.RootComplex => new IortRootComplex(structure, mappings),
            IortNodeType.Smmu or IortNodeType.SmmuV3 => new IortSmmu(structure, mappings),
            _ => new IortNode(structure, mappings),
        };
    }

    private static IortItsGroup ItsGroup(AcpiTableReader reader, AcpiStructure structure, ReadOnlyCollection<IortIdMapping> mappings)
    {
        uint announced = structure.U32(16);
        int held = (structure.Length - IortItsGroup.FixedSize) / 4;
        if (announced > held)
        {
            reader.Incomplete($"the ITS group at {AcpiTableReader.Hex(structure.Offset)} announces {announced} services and holds {held}");
        }

        return new IortItsGroup(structure, mappings, (int)Math.Min(announced, (uint)held));
    }

    private static ReadOnlyCollection<IortIdMapping> Mappings(AcpiTableReader reader, AcpiStructure structure, int dataSize)
    {
        uint announced = structure.U32(8);
        uint start = structure.U32(12);
        if (announced == 0)
        {
            return ReadOnlyCollection<IortIdMapping>.Empty;
        }

        if (start < dataSize || start > structure.Length)
        {
            reader.Incomplete(
                $"the ID mappings of the node at {AcpiTableReader.Hex(structure.Offset)} are said to lie at {start}, outside it");
            return ReadOnlyCollection<IortIdMapping>.Empty;
        }

        int held = (structure.Length - (int)start) / MappingSize;
        if (announced > held)
        {
            reader.Incomplete($"the node at {AcpiTableReader.Hex(structure.Offset)} announces {announced} ID mappings and holds {held}");
        }

        var mappings = new IortIdMapping[(int)Math.Min(announced, (uint)held)];
        for (int i = 0; i < mappings.Length; i++)
        {
            int at = (int)start + (i * MappingSize);
            mappings[i] = new IortIdMapping(
                structure.U32(at), structure.U32(at + 4), structure.U32(at + 8), structure.U32(at + 12), (structure.U32(at + 16) & 1) != 0);
        }

        return mappings.AsReadOnly();
    }

    private static void Check(AcpiTableReader reader, List<IortNode> nodes)
    {
        HashSet<uint> offsets = [.. nodes.Select(node => node.Offset)];
        HashSet<uint> segments = [];
        foreach (IortNode node in nodes)
        {
            string at = AcpiTableReader.Hex((int)node.Offset);
            foreach (IortIdMapping mapping in node.Mappings)
            {
                if (!offsets.Contains(mapping.OutputReference))
                {
                    reader.Note($"an ID mapping of the node at {at} leads to {mapping.OutputReference}, where no node lies");
                }
            }

            if (node is IortRootComplex root && !segments.Add(root.Segment))
            {
                reader.Note($"segment {root.Segment} has a second root complex at {at}; Linux heeds only the first");
            }
        }
    }
}
