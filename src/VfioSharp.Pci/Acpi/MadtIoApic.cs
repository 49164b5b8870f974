namespace VfioSharp.Pci.Acpi;

/// <summary>An IO-APIC (ACPI 6.6, 5.2.12).</summary>
/// <param name="Id">Its APIC ID.</param>
/// <param name="Address">The physical address of its registers.</param>
/// <param name="InterruptBase">The global interrupt number of its first input.</param>
internal readonly record struct MadtIoApic(byte Id, uint Address, uint InterruptBase);
