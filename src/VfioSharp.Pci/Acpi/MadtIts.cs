namespace VfioSharp.Pci.Acpi;

/// <summary>A GIC interrupt translation service: it tells requesters apart by their DeviceID (ACPI 6.6, 5.2.12).</summary>
/// <param name="Id">The ID by which ITS groups of the IORT refer to it.</param>
/// <param name="BaseAddress">The physical address of its registers.</param>
internal readonly record struct MadtIts(uint Id, ulong BaseAddress);
