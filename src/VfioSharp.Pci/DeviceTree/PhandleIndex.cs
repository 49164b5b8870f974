using System.Buffers.Binary;
using System.Collections.Frozen;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.DeviceTree;

/// <summary>Finds nodes by their phandle. The tree is walked only as far as it must be, level by level, and never twice.</summary>
internal sealed class PhandleIndex
{
    private const int MaxQueued = 1 << 17; // far more than a machine's nodes and the properties that are not known to be none, together
    private const int MaxDepth = 64;

    // A tree of files does not tell a node from a property without listing it. These are never nodes, and are most of what there is.
    private static readonly FrozenSet<string> Properties = FrozenSet.Create(
        StringComparer.Ordinal,
        "clock-names",
        "clocks",
        "compatible",
        "device_type",
        "dma-coherent",
        "interrupt-controller",
        "interrupt-map",
        "interrupt-map-mask",
        "interrupt-parent",
        "interrupts",
        "interrupts-extended",
        "linux,phandle",
        "model",
        "msi-controller",
        "name",
        "phandle",
        "ranges",
        "reg",
        "reg-names",
        "status");

    private readonly HostTree tree;
    private readonly Queue<(string Path, int Depth)> ahead = new([("", 0)]);
    private readonly Dictionary<uint, string> paths = [];
    private int queued;

    /// <summary>Creates an index that has not looked at anything yet.</summary>
    public PhandleIndex(HostTree tree) => this.tree = tree;

    /// <summary>
    /// Whether the tree was too large or too deep to be walked to its end, so that a phandle not found may still be there.
    /// </summary>
    public bool WasCutShort { get; private set; }

    /// <summary>The path of the node with the phandle, or null where none was found.</summary>
    public string? Find(uint phandle)
    {
        while (!paths.ContainsKey(phandle) && ahead.TryDequeue(out (string Path, int Depth) next))
        {
            Visit(next.Path, next.Depth);
        }

        return paths.GetValueOrDefault(phandle);
    }

    private void Visit(string path, int depth)
    {
        IReadOnlyList<string> names = tree.List(DeviceTreeEvidence.FolderOf(path));
        if ((PhandleIn(path, names, "phandle") ?? PhandleIn(path, names, "linux,phandle")) is { } phandle)
        {
            paths.TryAdd(phandle, path);
        }

        foreach (string name in names)
        {
            if (name.StartsWith('#') || Properties.Contains(name))
            {
                continue;
            }

            // Counted when they are queued: a node with many children must not fill the queue either.
            if (depth == MaxDepth || queued == MaxQueued)
            {
                WasCutShort = true;
                return;
            }

            queued++;
            ahead.Enqueue((path.Length == 0 ? name : $"{path}/{name}", depth + 1));
        }
    }

    private uint? PhandleIn(string path, IReadOnlyList<string> names, string property)
    {
        if (!names.Contains(property, StringComparer.Ordinal))
        {
            return null;
        }

        HostFile file = tree.Read(DeviceTreeEvidence.FileOf(path, property));
        uint value = file.IsRead && file.Content.Length == 4 ? BinaryPrimitives.ReadUInt32BigEndian(file.Content.Span) : 0;

        // Neither is a phandle (Devicetree Specification 0.4, 2.3.3; drivers/of/base.c, of_find_node_by_phandle).
        return value is 0 or uint.MaxValue ? null : value;
    }
}
