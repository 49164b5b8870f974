namespace VfioSharp.Pci.Configuration;

/// <summary>The layout of the first 64 bytes of configuration space: bits 6:0 of the Header Type register (PCIe 6.0, 7.5.1.1.9).</summary>
public enum HeaderType
{
    /// <summary>Type 0: an endpoint, or a host bridge as its bus shows it.</summary>
    Endpoint = 0,

    /// <summary>Type 1: a PCI-to-PCI bridge, a root port, a port of a switch.</summary>
    Bridge = 1,

    /// <summary>Type 2: a CardBus bridge (PC Card Standard 8.0, volume 7).</summary>
    CardBus = 2,

    /// <summary>A value that no specification defines, all ones among them.</summary>
    Other = 0x7F,
}
