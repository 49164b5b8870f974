namespace VfioSharp.Pci.Evidence;

/// <summary>One interrupt of the host and the chip that delivers it.</summary>
/// <param name="Number">Linux's number for it.</param>
/// <param name="Chip">
/// The chip's name as the kernel prints it, for example <c>IR-PCI-MSIX-0000:00:03.0</c> (Linux 6.12 and later put the function's address
/// behind it), <c>IR-PCI-MSI</c>, <c>ITS-MSI</c>, <c>IO-APIC</c>.
/// </param>
public readonly record struct InterruptLine(int Number, string Chip);
