using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>A message that an isolation unit blocked, as its fault record shows it.</summary>
/// <param name="Requester">Who sent it, as the unit saw it.</param>
/// <param name="Address">Where it was written to.</param>
/// <param name="Data">What was written.</param>
/// <param name="Fault">Why it was blocked.</param>
public readonly record struct BlockedMessage(RequesterId Requester, ulong Address, uint Data, MessageFault Fault)
{
    /// <inheritdoc/>
    public override string ToString() =>
        string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{Requester} wrote 0x{Data:x} to 0x{Address:x}: {Fault}");
}
