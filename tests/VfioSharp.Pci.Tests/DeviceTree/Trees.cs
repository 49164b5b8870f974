using System.Buffers.Binary;
using System.Formats.Tar;
using System.IO.Compression;
using VfioSharp.Pci.DeviceTree;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.DeviceTree;

/// <summary>Captured device trees, and trees put together by hand.</summary>
internal static class Trees
{
    public const string Base = "sys/firmware/devicetree/base";

    public static MemoryTree Captured(string host)
    {
        var tree = new MemoryTree();
        using FileStream file = File.OpenRead(Path.Combine(AppContext.BaseDirectory, "Data", "DeviceTree", $"{host}.tar.gz"));
        using var unzipped = new GZipStream(file, CompressionMode.Decompress);
        using var archive = new TarReader(unzipped);
        while (archive.GetNextEntry() is { } entry)
        {
            if (entry.EntryType is TarEntryType.RegularFile or TarEntryType.V7RegularFile)
            {
                using var content = new MemoryStream();
                entry.DataStream?.CopyTo(content);
                tree.AddFile(entry.Name, content.ToArray());
            }
        }

        return tree;
    }

    public static MemoryTree Node(this MemoryTree tree, string path, string property, params uint[] cells) =>
        tree.Bytes(path, property, Cells(cells));

    public static MemoryTree Bytes(this MemoryTree tree, string path, string property, byte[] value)
    {
        tree.AddFile($"{Base}/{path}/{property}", value);
        return tree;
    }

    public static MemoryTree Text(this MemoryTree tree, string path, string property, params string[] values) =>
        tree.Bytes(path, property, System.Text.Encoding.UTF8.GetBytes(string.Concat(values.Select(value => value + '\0'))));

    public static byte[] Cells(params uint[] cells)
    {
        byte[] bytes = new byte[cells.Length * 4];
        for (int i = 0; i < cells.Length; i++)
        {
            BinaryPrimitives.WriteUInt32BigEndian(bytes.AsSpan(i * 4), cells[i]);
        }

        return bytes;
    }

    /// <summary>A machine with the bridge <c>pcie</c>, two translation services (phandles 1 and 2) and an SMMU (3).</summary>
    public static MemoryTree Machine() => new MemoryTree()
        .Text("", "compatible", "maker,machine")
        .Text("pcie", "compatible", "pci-host-ecam-generic")
        .Text("intc/its@1", "compatible", "arm,gic-v3-its").Node("intc/its@1", "phandle", 1).Node("intc/its@1", "#msi-cells", 1)
        .Text("intc/its@2", "compatible", "arm,gic-v3-its").Node("intc/its@2", "linux,phandle", 2).Node("intc/its@2", "#msi-cells", 1)
        .Text("smmu", "compatible", "arm,smmu-v3").Node("smmu", "phandle", 3).Node("smmu", "#iommu-cells", 1);

    public static DeviceTreeEvidence Bridges(this MemoryTree tree, params string[] bridges) => DeviceTreeEvidence.Read(tree, bridges);

    /// <summary>Everything that the evidence holds, as text that is equal where the evidence is.</summary>
    public static string[] Contents(this DeviceTreeEvidence evidence) =>
    [
        .. from node in evidence.Nodes
           from property in node.Properties.OrderBy(pair => pair.Key, StringComparer.Ordinal)
           select $"{node.Path} {property.Key} {property.Value.State} {Convert.ToHexString(property.Value.Content.Span)}",
        .. evidence.Findings,
    ];

    /// <summary>An answer, as text that is equal where the answer is.</summary>
    public static string Shown(this DeviceTreeLookup lookup) =>
        $"{lookup.Outcome} {string.Join(' ', lookup.Nodes.Select(node => node.Path))} {lookup.OutputId} {lookup.Finding}";
}
