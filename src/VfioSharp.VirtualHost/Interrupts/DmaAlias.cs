using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>An ID that a bridge puts in the place of those of functions behind it.</summary>
/// <param name="Id">The ID.</param>
/// <param name="BridgeBus">The bus that the bridge is on; a PCIe-to-PCI bridge uses an ID of the bus behind it instead.</param>
internal readonly record struct DmaAlias(RequesterId Id, byte BridgeBus);
