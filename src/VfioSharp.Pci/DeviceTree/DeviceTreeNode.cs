using System.Buffers.Binary;
using System.Collections.Frozen;
using System.Text;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.DeviceTree;

/// <summary>A node of the device tree with those of its properties that tell how its interrupts and requests travel.</summary>
internal sealed class DeviceTreeNode
{
    private const int CellSize = 4;

    private static readonly FrozenSet<string> Kept = FrozenSet.Create(
        StringComparer.Ordinal,
        "compatible",
        "status",
        "phandle",
        "linux,phandle",
        "linux,pci-domain",
        "dma-coherent",
        "interrupt-controller",
        "msi-controller",
        "msi-map",
        "msi-map-mask",
        "msi-parent",
        "#msi-cells",
        "iommu-map",
        "iommu-map-mask",
        "#iommu-cells",
        "riscv,num-ids",
        "riscv,num-guest-ids",
        "riscv,guest-index-bits",
        "riscv,hart-index-bits",
        "riscv,group-index-bits",
        "riscv,group-index-shift",
        "socionext,synquacer-pre-its");

    private DeviceTreeNode(string path, FrozenDictionary<string, HostFile> properties)
    {
        Path = path;
        Properties = properties;
    }

    /// <summary>The path from the root of the device tree, without a leading <c>/</c>; empty for the root itself.</summary>
    public string Path { get; }

    /// <summary>
    /// The properties, big-endian cells and NUL-terminated strings as the firmware wrote them. One that could not be read is here with
    /// its state.
    /// </summary>
    public IReadOnlyDictionary<string, HostFile> Properties { get; }

    /// <summary>What the node is, the most exact name first (Devicetree Specification 0.4, 2.3.1).</summary>
    public IReadOnlyList<string> Compatible => Strings("compatible");

    /// <summary>The number by which other nodes refer to this one, or null where it has none (2.3.3).</summary>
    public uint? Phandle => Cell("phandle") ?? Cell("linux,phandle");

    /// <summary>Whether the node is in use: it has no status, or one of <c>okay</c> (2.3.4; <c>of_device_is_available</c>).</summary>
    public bool IsAvailable => !Has("status") || Strings("status") is ["okay" or "ok", ..];

    /// <summary>Whether the node bears the name of a programming model among its <see cref="Compatible"/> ones.</summary>
    public bool IsCompatible(string name) => Compatible.Contains(name, StringComparer.Ordinal);

    /// <summary>Whether the node has the property, whatever its value.</summary>
    public bool Has(string property) => Properties.ContainsKey(property);

    /// <summary>The property's value if it is one cell of 32 bits, else null.</summary>
    public uint? Cell(string property) =>
        Properties.TryGetValue(property, out HostFile file) && file.IsRead && file.Content.Length == CellSize
            ? BinaryPrimitives.ReadUInt32BigEndian(file.Content.Span)
            : null;

    /// <summary>
    /// The property's value as cells of 32 bits, or null where it is absent, was not read, or is no whole number of cells.
    /// </summary>
    public uint[]? Cells(string property)
    {
        if (!Properties.TryGetValue(property, out HostFile file) || !file.IsRead || file.Content.Length % CellSize != 0)
        {
            return null;
        }

        var cells = new uint[file.Content.Length / CellSize];
        for (int i = 0; i < cells.Length; i++)
        {
            cells[i] = BinaryPrimitives.ReadUInt32BigEndian(file.Content.Span[(i * CellSize)..]);
        }

        return cells;
    }

    /// <summary>The node as findings name it.</summary>
    public override string ToString() => $"/{Path}";

    /// <summary>Reads the node at a path, or gives null where there is none that has any of the properties that count.</summary>
    internal static DeviceTreeNode? Read(HostTree tree, string path)
    {
        Dictionary<string, HostFile> properties = [];
        foreach (string name in tree.List(DeviceTreeEvidence.FolderOf(path)))
        {
            if (Kept.Contains(name) && tree.Read(DeviceTreeEvidence.FileOf(path, name)) is { State: not HostFileState.Absent } file)
            {
                properties[name] = file;
            }
        }

        return properties.Count == 0 ? null : new DeviceTreeNode(path, properties.ToFrozenDictionary(StringComparer.Ordinal));
    }

    private string[] Strings(string property) =>
        Properties.TryGetValue(property, out HostFile file)
            ? Encoding.UTF8.GetString(file.Content.Span).Split('\0', StringSplitOptions.RemoveEmptyEntries)
            : [];
}
