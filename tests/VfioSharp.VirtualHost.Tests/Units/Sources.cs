using VfioSharp.Pci.Addressing;
using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Tests.Units;

/// <summary>Functions whose messages the units are asked about.</summary>
internal static class Sources
{
    /// <summary>A function whose own ID arrives, in a group of its own.</summary>
    public static MessageSource Plain(string address, int group = 0) => new(PciAddress.Parse(address), [], group);

    /// <summary>A function behind a PCIe-to-PCI bridge on <paramref name="bridgeBus"/>, whose secondary bus its ID is taken from.</summary>
    public static MessageSource BehindPcieToPci(string address, byte bridgeBus, byte secondaryBus, int group = 0) =>
        new(PciAddress.Parse(address), [new DmaAlias(new RequesterId((ushort)(secondaryBus << 8)), bridgeBus)], group);

    /// <summary>A function behind a conventional bridge, whose ID arrives in its place.</summary>
    public static MessageSource BehindConventional(string address, string bridge, int group = 0)
    {
        RequesterId id = Id(bridge);
        return new(PciAddress.Parse(address), [new DmaAlias(id, id.Bus)], group);
    }

    public static RequesterId Id(string address) => PciAddress.Parse(address).RequesterId;
}
