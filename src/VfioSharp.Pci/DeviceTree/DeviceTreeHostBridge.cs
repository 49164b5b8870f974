using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.DeviceTree;

/// <summary>A PCI host bridge's node and where it sends its functions' messages and requests.</summary>
internal sealed class DeviceTreeHostBridge
{
    private const string MsiParent = "msi-parent";

    private readonly DeviceTreeIdMap msiMap;
    private readonly DeviceTreeIdMap iommuMap;
    private readonly DeviceTreeLookup withoutMap;

    /// <summary>Reads the node's maps.</summary>
    /// <param name="node">The host bridge's node.</param>
    /// <param name="resolve">The node with a phandle, or null.</param>
    public DeviceTreeHostBridge(DeviceTreeNode node, Func<uint, DeviceTreeNode?> resolve)
    {
        Node = node;
        msiMap = new DeviceTreeIdMap(node, DeviceTreeMapNames.Msi, resolve);
        iommuMap = new DeviceTreeIdMap(node, DeviceTreeMapNames.Iommu, resolve);
        withoutMap = ReadMsiParents(node, resolve);
    }

    /// <summary>The host bridge's node.</summary>
    public DeviceTreeNode Node { get; }

    /// <inheritdoc cref="DeviceTreeEvidence.MsiControllerFor"/>
    public DeviceTreeLookup MsiControllerFor(RequesterId id)
    {
        DeviceTreeLookup mapped = msiMap.Translate(id.Value);
        if (mapped.Outcome != DeviceTreeLookupOutcome.NotMapped)
        {
            return mapped;
        }

        return withoutMap.Outcome == DeviceTreeLookupOutcome.Found ? withoutMap with { OutputId = id.Value } : withoutMap;
    }

    /// <inheritdoc cref="DeviceTreeEvidence.IommuFor"/>
    public DeviceTreeLookup IommuFor(RequesterId id) => iommuMap.Translate(id.Value);

    // pci_host_bridge_of_msi_domain, drivers/pci/of.c: the parents that the bridge names, else the bridge itself if it is a controller.
    private static DeviceTreeLookup ReadMsiParents(DeviceTreeNode node, Func<uint, DeviceTreeNode?> resolve)
    {
        if (!node.Properties.TryGetValue(MsiParent, out HostFile file))
        {
            return node.Has("msi-controller") ? DeviceTreeLookup.Found([node], 0) : DeviceTreeLookup.NotMapped;
        }

        if (!file.IsRead)
        {
            return DeviceTreeLookup.Unknown($"{node}/{MsiParent} could not be read");
        }

        if (node.Cells(MsiParent) is not { Length: > 0 } cells)
        {
            return DeviceTreeLookup.Malformed($"{node}/{MsiParent} has {file.Content.Length} bytes");
        }

        string cellsName = DeviceTreeMapNames.Msi.Cells;
        var parents = new List<DeviceTreeNode>();
        for (long at = 0; at < cells.Length;)
        {
            if (resolve(cells[at]) is not { } parent)
            {
                return DeviceTreeLookup.Malformed($"{node}/{MsiParent} refers to the phandle 0x{cells[at]:x}, which no node has");
            }

            // Unlike in a map, an absent #msi-cells means that there is no specifier (of_msi_get_domain, drivers/of/irq.c).
            if (parent.Has(cellsName) && parent.Cell(cellsName) is null)
            {
                return DeviceTreeLookup.Malformed($"{node}/{MsiParent} refers to {parent}, whose {cellsName} is not one cell");
            }

            parents.Add(parent);
            at += 1 + (long)(parent.Cell(cellsName) ?? 0);
            if (at > cells.Length)
            {
                return DeviceTreeLookup.Malformed($"{node}/{MsiParent} ends in the middle of an entry");
            }
        }

        return DeviceTreeLookup.Found(parents.AsReadOnly(), 0);
    }
}
