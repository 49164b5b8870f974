using System.Globalization;

namespace VfioSharp.Pci.Evidence;

/// <summary>A host bridge: the folder <c>pciSSSS:BB</c> in sysfs below which a root bus and all buses behind it lie.</summary>
public sealed record HostBridgeEvidence
{
    /// <summary>Its folder, for example <c>sys/devices/pci0000:00</c>.</summary>
    public required string Path { get; init; }

    /// <summary>The segment (Linux: domain) of its buses.</summary>
    public required uint Segment { get; init; }

    /// <summary>The number of its root bus.</summary>
    public required byte RootBus { get; init; }

    /// <summary>Its device tree node, relative to the tree's root, or null.</summary>
    public string? DeviceTreeNode { get; init; }

    /// <summary>Whether it hangs below a PCI function (Intel VMD) rather than below the platform.</summary>
    public bool IsBehindFunction { get; init; }

    /// <summary>Finds the host bridges above the given functions.</summary>
    internal static IEnumerable<HostBridgeEvidence> ReadAll(HostTree tree, IEnumerable<FunctionEvidence> functions)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        foreach (FunctionEvidence function in functions)
        {
            if (function.DevicePath is { } devicePath && RootOf(devicePath) is { } path && seen.Add(path)
                && TryParseName(HostPath.Name(path), out uint segment, out byte bus))
            {
                string parent = HostPath.Parent(path);
                yield return new HostBridgeEvidence
                {
                    Path = path,
                    Segment = segment,
                    RootBus = bus,
                    IsBehindFunction = Addressing.PciAddress.TryParse(HostPath.Name(parent), out _),
                    DeviceTreeNode = FunctionEvidence.DeviceTreeNodeAt(tree, path) ?? FunctionEvidence.DeviceTreeNodeAt(tree, parent)
                        ?? NodeAbove(function, path),
                };
            }
        }
    }

    /// <summary>The folder of the host bridge above a function: the last component of the form <c>pciSSSS:BB</c>; null where there is none.</summary>
    internal static string? RootOf(string devicePath)
    {
        for (string path = HostPath.Parent(devicePath); path.Length > 0; path = HostPath.Parent(path))
        {
            if (TryParseName(HostPath.Name(path), out _, out _))
            {
                return path;
            }
        }

        return null;
    }

    internal void WriteTo(MemoryTree tree)
    {
        tree.AddFolder(Path);
        FunctionEvidence.AddLink(tree, Path, "of_node", DeviceTreeNode is null ? null : $"firmware/devicetree/base/{DeviceTreeNode}");
    }

    // powerpc links the functions' nodes, not the bridge's: as many steps up from the node as the function lies below its bridge.
    private static string? NodeAbove(FunctionEvidence function, string bridgePath)
    {
        string? node = function.DeviceTreeNode;
        for (string path = function.DevicePath!; node is not null && path.Length > bridgePath.Length; path = HostPath.Parent(path))
        {
            node = HostPath.Parent(node);
        }

        return string.IsNullOrEmpty(node) ? null : node;
    }

    private static bool TryParseName(string name, out uint segment, out byte bus)
    {
        segment = 0;
        bus = 0;
        int colon = name.IndexOf(':', StringComparison.Ordinal);
        return name.StartsWith("pci", StringComparison.Ordinal) && colon > 3
            && uint.TryParse(name.AsSpan(3, colon - 3), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out segment)
            && byte.TryParse(name.AsSpan(colon + 1), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out bus);
    }
}
