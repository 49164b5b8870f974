namespace VfioSharp.Devices.Emulation;

/// <summary>Where capabilities lie in configuration space; 0 where there is none.</summary>
/// <param name="PowerManagement">PM (PCIe 6.0, 7.5.2).</param>
/// <param name="Msi">MSI with 64-bit addresses and masking (7.7.1).</param>
/// <param name="Msix">MSI-X (7.7.2).</param>
/// <param name="PciExpress">PCI Express (7.5.3).</param>
internal readonly record struct CapabilityOffsets(int PowerManagement, int Msi, int Msix, int PciExpress);
