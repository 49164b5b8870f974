using System.Globalization;

namespace VfioSharp.Pci.Configuration;

/// <summary>What a function is, by the Class Code register (PCIe 6.0, 7.5.1.1.6; values: PCI Code and ID Assignment Specification 1.15).</summary>
/// <param name="Base">The base class: 0x01 storage, 0x02 network, 0x06 bridge.</param>
/// <param name="SubClass">The sub-class within the base class.</param>
/// <param name="Interface">The programming interface.</param>
public readonly record struct ClassCode(byte Base, byte SubClass, byte Interface)
{
    /// <summary>Takes the three bytes from a number with the base class in bits 23:16, as the <c>class</c> file of sysfs writes it.</summary>
    public static ClassCode FromValue(uint value) => new((byte)(value >> 16), (byte)(value >> 8), (byte)value);

    /// <summary>Six hexadecimal digits: <c>010802</c> is an NVMe controller.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"{Base:x2}{SubClass:x2}{Interface:x2}");
}
