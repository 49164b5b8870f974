namespace VfioSharp.Pci.Acpi;

/// <summary>A GICv2m MSI frame: writes to it raise interrupts, whoever sends them (ACPI 6.6, 5.2.12).</summary>
/// <param name="Id">Its number.</param>
/// <param name="BaseAddress">The physical address of its page.</param>
/// <param name="InterruptCount">How many interrupts it raises; 0 where its own register tells.</param>
/// <param name="InterruptBase">The first of them.</param>
internal readonly record struct MadtMsiFrame(uint Id, ulong BaseAddress, ushort InterruptCount, ushort InterruptBase);
