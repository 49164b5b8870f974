using System.Collections.Frozen;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.DeviceTree;

/// <summary>
/// What the firmware's device tree says of the host bridges: which MSI controller and which IOMMU take their functions' requests. Only
/// the root, the host bridges and the nodes that these lead to are kept; a whole tree can hold thousands.
/// </summary>
internal sealed class DeviceTreeEvidence
{
    // Documentation/ABI/testing/sysfs-firmware-ofw
    private const string Base = "sys/firmware/devicetree/base";

    private readonly FrozenDictionary<string, DeviceTreeHostBridge> bridges;

    private DeviceTreeEvidence(
        IReadOnlyList<DeviceTreeNode> nodes, IEnumerable<DeviceTreeHostBridge> bridges, IReadOnlyList<string> findings)
    {
        Nodes = nodes;
        Findings = findings;
        Root = nodes.FirstOrDefault(node => node.Path.Length == 0);
        this.bridges = bridges.ToFrozenDictionary(bridge => bridge.Node.Path, StringComparer.Ordinal);
    }

    /// <summary>
    /// Whether the host has a device tree whose root says what machine it is. A host that boots by ACPI may show an empty one, or one
    /// with nothing but the boot loader's notes.
    /// </summary>
    public bool IsPresent => Root is not null && Root.Compatible.Count > 0;

    /// <summary>
    /// The root's node, or null where it has nothing to tell. Its <see cref="DeviceTreeNode.Compatible"/> names the machine.
    /// </summary>
    public DeviceTreeNode? Root { get; }

    /// <summary>The nodes that were kept, in ordinal order of their paths.</summary>
    public IReadOnlyList<DeviceTreeNode> Nodes { get; }

    /// <summary>What is wrong with the tree as a whole; what is wrong with a single map is in the answer of a look-up.</summary>
    public IReadOnlyList<string> Findings { get; }

    /// <summary>Reads what there is to know about the host bridges.</summary>
    /// <param name="tree">The host.</param>
    /// <param name="hostBridgeNodes">
    /// The paths of the host bridges' nodes from the root of the device tree, such as <c>soc/pci@30000000</c>: where the
    /// <c>of_node</c> link of a host bridge's device leads. One that is not in the tree is passed over.
    /// </param>
    public static DeviceTreeEvidence Read(HostTree tree, IReadOnlyList<string> hostBridgeNodes)
    {
        ArgumentNullException.ThrowIfNull(tree);
        ArgumentNullException.ThrowIfNull(hostBridgeNodes);
        var index = new PhandleIndex(tree);
        var nodes = new SortedList<string, DeviceTreeNode>(StringComparer.Ordinal);
        var bridges = new Dictionary<string, DeviceTreeHostBridge>(StringComparer.Ordinal);
        Keep("");
        foreach (string path in hostBridgeNodes.Select(Clean))
        {
            if (!bridges.ContainsKey(path) && Keep(path) is { } node)
            {
                bridges[path] = new DeviceTreeHostBridge(node, phandle => index.Find(phandle) is { } target ? Keep(target) : null);
            }
        }

        string[] findings = index.WasCutShort ? ["the device tree is too large or too deep; not all of it was searched for phandles"] : [];
        return new DeviceTreeEvidence(nodes.Values.ToArray(), bridges.Values, findings);

        DeviceTreeNode? Keep(string path)
        {
            if (!nodes.TryGetValue(path, out DeviceTreeNode? node) && DeviceTreeNode.Read(tree, path) is { } read)
            {
                nodes[path] = node = read;
            }

            return node;
        }
    }

    /// <summary>
    /// The MSI controller that takes a function's messages: what <c>msi-map</c> maps the ID to, else what <c>msi-parent</c> names, else
    /// the host bridge itself where it is a controller (<c>drivers/of/irq.c</c>, <c>of_msi_xlate</c>; <c>drivers/pci/of.c</c>,
    /// <c>pci_host_bridge_of_msi_domain</c>).
    /// </summary>
    /// <param name="hostBridgeNode">The path of the host bridge's node, as it was given to <see cref="Read"/>.</param>
    /// <param name="id">The requester ID under which the messages leave the host bridge.</param>
    public DeviceTreeLookup MsiControllerFor(string hostBridgeNode, RequesterId id) =>
        Bridge(hostBridgeNode)?.MsiControllerFor(id) ?? NoSuchBridge(hostBridgeNode);

    /// <summary>
    /// The IOMMU that translates a function's requests: what <c>iommu-map</c> maps the ID to (<c>drivers/iommu/of_iommu.c</c>).
    /// </summary>
    /// <inheritdoc cref="MsiControllerFor" path="/param"/>
    public DeviceTreeLookup IommuFor(string hostBridgeNode, RequesterId id) =>
        Bridge(hostBridgeNode)?.IommuFor(id) ?? NoSuchBridge(hostBridgeNode);

    /// <summary>The node of a host bridge, or null where it was not asked for or is not there.</summary>
    /// <inheritdoc cref="MsiControllerFor" path="/param"/>
    public DeviceTreeNode? HostBridge(string hostBridgeNode) => Bridge(hostBridgeNode)?.Node;

    /// <summary>Writes the nodes that were kept back as files, so that reading them again gives the same evidence.</summary>
    public void WriteTo(MemoryTree target)
    {
        ArgumentNullException.ThrowIfNull(target);
        foreach (DeviceTreeNode node in Nodes)
        {
            foreach ((string name, HostFile file) in node.Properties)
            {
                target.AddFile(FileOf(node.Path, name), file);
            }
        }
    }

    /// <summary>The folder that holds a node's properties and children.</summary>
    internal static string FolderOf(string path) => path.Length == 0 ? Base : $"{Base}/{path}";

    /// <summary>The file that holds a node's property.</summary>
    internal static string FileOf(string path, string property) => $"{FolderOf(path)}/{property}";

    private static string Clean(string path) => HostPath.Combine("", path ?? "");

    private static DeviceTreeLookup NoSuchBridge(string path) =>
        DeviceTreeLookup.Unknown($"the device tree has no node /{Clean(path)}, or it was not read");

    private DeviceTreeHostBridge? Bridge(string path)
    {
        ArgumentNullException.ThrowIfNull(path);
        return bridges.GetValueOrDefault(Clean(path));
    }
}
