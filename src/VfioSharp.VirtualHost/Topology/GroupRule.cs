namespace VfioSharp.VirtualHost.Topology;

/// <summary>How a platform's kernel puts functions into IOMMU groups.</summary>
internal enum GroupRule
{
    /// <summary>There is no IOMMU: no groups.</summary>
    None = 0,

    /// <summary>By what PCI itself keeps apart (pci_device_group(), drivers/iommu/iommu.c).</summary>
    Pci,

    /// <summary>A partitionable endpoint a bus, one for all behind a conventional bridge, and one a virtual function; bridges are in none (arch/powerpc/platforms/powernv/pci-ioda.c).</summary>
    Bus,

    /// <summary>Each function alone (arch/s390/pci, where each is a host bridge's only one).</summary>
    Function,
}
