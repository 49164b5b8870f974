namespace VfioSharp.Pci.Acpi;

/// <summary>The GIC distributor (ACPI 6.6, 5.2.12).</summary>
/// <param name="Id">Its hardware ID.</param>
/// <param name="BaseAddress">The physical address of its registers.</param>
/// <param name="Version">The GIC version, 1 to 4; 0 where the firmware leaves it to be detected.</param>
internal readonly record struct MadtDistributor(uint Id, ulong BaseAddress, byte Version);
