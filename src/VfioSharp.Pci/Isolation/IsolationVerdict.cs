namespace VfioSharp.Pci.Isolation;

/// <summary>
/// Whether the MSIs of a function's IOMMU group are isolated: once the group is attached through VFIO, no write by any of its functions,
/// a message from an MSI-X table or plain DMA, raises an interrupt that the host assigned outside the group.
/// </summary>
/// <remarks>Isolation is what counts, not remapping: PowerNV's host bridge isolates without remapping. Inside a group nothing is promised.</remarks>
public enum IsolationVerdict
{
    /// <summary>The evidence does not tell. Never treated as isolated.</summary>
    Unknown = 0,

    /// <summary>Evidence of a mechanism in use confines the group's writes.</summary>
    Isolated,

    /// <summary>Evidence that nothing confines the group's writes, or that what does is weaker than isolation.</summary>
    NotIsolated,
}
