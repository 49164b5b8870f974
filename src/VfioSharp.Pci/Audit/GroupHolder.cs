namespace VfioSharp.Pci.Audit;

/// <summary>A member of an IOMMU group that a driver holds which does DMA of its own.</summary>
/// <param name="Name">Its address, or its name where it is no PCI function.</param>
/// <param name="Driver">The driver.</param>
internal readonly record struct GroupHolder(string Name, string Driver)
{
    public override string ToString() => $"{Name} ({Driver})";
}
