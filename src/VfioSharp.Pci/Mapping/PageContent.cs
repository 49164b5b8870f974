namespace VfioSharp.Pci.Mapping;

/// <summary>What lies in a page of a BAR, as far as the function says.</summary>
[Flags]
public enum PageContent
{
    /// <summary>Nothing.</summary>
    None = 0,

    /// <summary>Bytes that belong neither to the table nor to the PBA: registers, or nothing at all.</summary>
    Registers = 1,

    /// <summary>Entries of the MSI-X table.</summary>
    Table = 2,

    /// <summary>The pending-bit array.</summary>
    Pba = 4,
}
