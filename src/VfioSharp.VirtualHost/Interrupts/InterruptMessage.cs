namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>A message: what a function writes to signal, and where.</summary>
/// <param name="Address">Where, as it appears on the bus.</param>
/// <param name="Data">What.</param>
public readonly record struct InterruptMessage(ulong Address, uint Data)
{
    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"0x{Data:x} to 0x{Address:x}");
}
