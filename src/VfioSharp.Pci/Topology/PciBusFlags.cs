using System.Diagnostics.CodeAnalysis;

namespace VfioSharp.Pci.Topology;

/// <summary>What a PCI bus guarantees for every function on it.</summary>
[Flags]
[SuppressMessage("Naming", "CA1711", Justification = "It is a set of flags, and the kernel's name for them (pci_bus_flags_t).")]
public enum PciBusFlags
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>
    /// Hardware makes sure that a function on this bus can signal only the MSIs assigned to its group. Set on a root bus when it is created,
    /// from what its host bridge or interrupt controller guarantees, and inherited by every bus below. It speaks of messages alone:
    /// whether plain DMA is confined is the IOMMU's part, and the verdict's.
    /// </summary>
    MsiIsolated = 1,
}
