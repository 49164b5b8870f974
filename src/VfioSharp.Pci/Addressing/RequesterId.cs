using System.Globalization;

namespace VfioSharp.Pci.Addressing;

/// <summary>
/// The 16-bit ID that a function puts into the transactions it sends (PCI Express Base 6.0, 2.2.6.2): bus, device, function.
/// It is what an IOMMU and an interrupt-remapping unit see of a function. Behind a conventional bridge they see the bridge's instead.
/// </summary>
/// <param name="Value">Bus in bits 15:8, device in 7:3, function in 2:0.</param>
public readonly record struct RequesterId(ushort Value)
{
    /// <summary>The bus number.</summary>
    public byte Bus => (byte)(Value >> 8);

    /// <summary>The device number, 0 to 31.</summary>
    public int Device => (Value >> 3) & 0x1f;

    /// <summary>The function number, 0 to 7.</summary>
    public int Function => Value & 0x7;

    /// <summary>The ID as <c>bus:device.function</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Bus:x2}:{Device:x2}.{Function:x}");
}
