namespace VfioSharp.Pci.Acpi;

/// <summary>A RISC-V APLIC, which turns wires into interrupts or messages (ACPI 6.6, 5.2.12).</summary>
/// <param name="Id">Its ID.</param>
/// <param name="DirectDeliveryCount">How many harts it interrupts directly; 0 where it sends messages.</param>
/// <param name="SourceCount">How many wires it has.</param>
/// <param name="InterruptBase">The global interrupt number of its first wire.</param>
/// <param name="BaseAddress">The physical address of its registers.</param>
internal readonly record struct MadtAplic(byte Id, ushort DirectDeliveryCount, ushort SourceCount, uint InterruptBase, ulong BaseAddress);
