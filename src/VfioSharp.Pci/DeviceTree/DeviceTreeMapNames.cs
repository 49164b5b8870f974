namespace VfioSharp.Pci.DeviceTree;

/// <summary>The properties that make up one kind of map.</summary>
/// <param name="Map">The property of the host bridge that holds the map.</param>
/// <param name="Mask">The property of the host bridge that holds the mask of an ID's bits that count; all where it is absent.</param>
/// <param name="Cells">The property of the target that says how many cells its specifiers have; 1 where it is absent.</param>
internal sealed record DeviceTreeMapNames(string Map, string Mask, string Cells)
{
    /// <summary>From requester IDs to an MSI controller (Linux <c>Documentation/devicetree/bindings/pci/pci-msi.txt</c>).</summary>
    public static DeviceTreeMapNames Msi { get; } = new("msi-map", "msi-map-mask", "#msi-cells");

    /// <summary>From requester IDs to an IOMMU (Linux <c>Documentation/devicetree/bindings/pci/pci-iommu.txt</c>).</summary>
    public static DeviceTreeMapNames Iommu { get; } = new("iommu-map", "iommu-map-mask", "#iommu-cells");
}
