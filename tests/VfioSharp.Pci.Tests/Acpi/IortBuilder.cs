using static VfioSharp.Pci.Tests.Acpi.AcpiBytes;

namespace VfioSharp.Pci.Tests.Acpi;

/// <summary>Puts an IORT together, node by node (Arm DEN0049E). A node is referred to by the offset that adding it gave.</summary>
internal sealed class IortBuilder
{
    private readonly List<byte[]> nodes = [];
    private uint next = 48;

    public static byte[] IdMap(uint input, uint count, uint output, uint reference, uint flags = 0) =>
        [.. U32(input), .. U32(count), .. U32(output), .. U32(reference), .. U32(flags)];

    public uint ItsGroup(params uint[] identifiers) =>
        Node(0, 1, [.. U32((uint)identifiers.Length), .. identifiers.SelectMany(U32)], []);

    public uint NamedComponent(string name, params byte[][] mappings)
    {
        byte[] text = new byte[(name.Length + 4) / 4 * 4]; // ends in a NUL
        System.Text.Encoding.ASCII.GetBytes(name, text);
        return Node(1, 4, [.. U32(0), .. U64(1), 64, .. text], mappings);
    }

    public uint RootComplex(uint segment, params byte[][] mappings) =>
        Node(2, 4, [.. U32(1), 0, 0, 0, 3, .. U32(1), .. U32(segment), 48, 0, 0, 0], mappings);

    public uint Smmu(params byte[][] mappings) =>
        Node(3, 3, [.. U64(0x2b400000), .. U64(0x10000), .. U32(1), .. U32(2), .. new byte[20]], mappings);

    public uint SmmuV3(byte revision, uint flags, uint interrupts, uint ownMapping, params byte[][] mappings) =>
        Node(
            4,
            revision,
            [
                .. U64(0x9050000), .. U32(flags), .. U32(0), .. U64(0), .. U32(0),
                .. U32(interrupts), .. U32(interrupts), .. U32(interrupts), .. U32(interrupts), .. U32(0), .. U32(ownMapping),
            ],
            mappings);

    public uint Node(byte type, byte revision, byte[] data, byte[][] mappings)
    {
        int length = 16 + data.Length + mappings.Sum(mapping => mapping.Length);
        byte[] header =
        [
            type, .. U16(length), revision, .. U32((uint)nodes.Count), .. U32((uint)mappings.Length),
            .. U32(mappings.Length == 0 ? 0 : (uint)(16 + data.Length)),
        ];
        return Add([.. header, .. data, .. mappings.SelectMany(mapping => mapping)]);
    }

    public uint Add(byte[] node)
    {
        uint offset = next;
        nodes.Add(node);
        next += (uint)node.Length;
        return offset;
    }

    public byte[] Build() => Table("IORT", [[.. U32((uint)nodes.Count), .. U32(48), .. U32(0)], .. nodes]);
}
