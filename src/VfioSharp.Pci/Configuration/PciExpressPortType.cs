namespace VfioSharp.Pci.Configuration;

/// <summary>What a PCI Express function is: the Device/Port Type field (PCIe 6.0, 7.5.3.2). Values not named here are reserved.</summary>
public enum PciExpressPortType
{
    /// <summary>An endpoint.</summary>
    Endpoint = 0x0,

    /// <summary>An endpoint that needs I/O space or other things that endpoints should not.</summary>
    LegacyEndpoint = 0x1,

    /// <summary>A root port.</summary>
    RootPort = 0x4,

    /// <summary>The upstream port of a switch.</summary>
    UpstreamPort = 0x5,

    /// <summary>A downstream port of a switch.</summary>
    DownstreamPort = 0x6,

    /// <summary>A bridge from PCI Express, on its near side, to conventional PCI or PCI-X.</summary>
    PciExpressToPciBridge = 0x7,

    /// <summary>A bridge from conventional PCI or PCI-X, on its near side, to PCI Express.</summary>
    PciToPciExpressBridge = 0x8,

    /// <summary>An endpoint inside the root complex.</summary>
    RootComplexIntegratedEndpoint = 0x9,

    /// <summary>What collects the events of endpoints inside the root complex.</summary>
    RootComplexEventCollector = 0xA,
}
