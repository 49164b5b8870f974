namespace VfioSharp.Pci.Msix;

/// <summary>What the specification asks of where an MSI-X table and its pending bit array lie (PCIe 6.0, 7.7.2; of BARs: 7.5.1.2.1).</summary>
public enum MsixLayoutRule
{
    /// <summary>There are 1 to 2048 vectors.</summary>
    VectorCount,

    /// <summary>A BAR's length is a power of two, 16 bytes or more.</summary>
    BarLength,

    /// <summary>The table lies in a BAR of memory space: BIR 0 to 5, implemented, no I/O ports, no upper half of a 64-bit BAR.</summary>
    TableBar,

    /// <summary>The table's offset is a multiple of 8 below 4 GiB.</summary>
    TableOffset,

    /// <summary>The table lies in its BAR with every byte.</summary>
    TableInsideBar,

    /// <summary>As <see cref="TableBar"/>, for the pending bit array.</summary>
    PbaBar,

    /// <summary>As <see cref="TableOffset"/>, for the pending bit array.</summary>
    PbaOffset,

    /// <summary>As <see cref="TableInsideBar"/>, for the pending bit array.</summary>
    PbaInsideBar,

    /// <summary>The table and the pending bit array share no byte.</summary>
    PbaApart,
}
