using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices.Emulation;

/// <summary>Where an emulated function has its MSI-X table and pending bit array (PCIe 6.0, 7.7.2).</summary>
/// <param name="Vectors">1 to 2048.</param>
/// <param name="TableBar">The memory BAR that holds the table, 0 to 5.</param>
/// <param name="TableOffset">The table's first byte in its BAR, a multiple of 8.</param>
/// <param name="PbaBar">The memory BAR that holds the pending bit array, 0 to 5.</param>
/// <param name="PbaOffset">The array's first byte in its BAR, a multiple of 8.</param>
public sealed record MsixPlacement(int Vectors, int TableBar, ulong TableOffset, int PbaBar, ulong PbaOffset)
{
    internal MsixCapability Capability => new(0, Vectors, TableBar, TableOffset, PbaBar, PbaOffset);
}
