namespace VfioSharp.Pci.Acpi;

/// <summary>The interrupt controller of a RISC-V hart (ACPI 6.6, 5.2.12).</summary>
/// <param name="HartId">The hart.</param>
/// <param name="ExternalControllerId">Its external interrupt controller.</param>
/// <param name="ImsicAddress">The physical address of its IMSIC, 0 where it has none.</param>
/// <param name="ImsicSize">The size of its IMSIC in bytes: a page for the supervisor file and one for each guest file.</param>
internal readonly record struct MadtRiscvHart(ulong HartId, uint ExternalControllerId, ulong ImsicAddress, uint ImsicSize);
