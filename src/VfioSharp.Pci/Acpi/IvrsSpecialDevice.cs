using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>An interrupt source that is no PCI function, and the requester ID of its messages: an entry of type 48h.</summary>
/// <param name="Kind">What it is. A value that the specification does not define is kept as it is.</param>
/// <param name="Handle">The IO-APIC's ID or the HPET's number.</param>
/// <param name="Id">The requester ID of its messages.</param>
internal readonly record struct IvrsSpecialDevice(IvrsSpecialDeviceKind Kind, byte Handle, RequesterId Id);
