namespace VfioSharp.Pci.Msix;

/// <summary>What a range of bytes in a BAR holds, as far as MSI-X tells.</summary>
public enum BarContentKind
{
    /// <summary>Neither of the others: the function's own registers, or nothing.</summary>
    Registers,

    /// <summary>The MSI-X table.</summary>
    Table,

    /// <summary>The MSI-X pending bit array.</summary>
    Pba,
}
