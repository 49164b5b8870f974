namespace VfioSharp.VirtualHost.Planning;

/// <summary>The kinds of bridges.</summary>
public enum BridgeKind
{
    /// <summary>A port of the root complex, on a root bus; a link behind it.</summary>
    RootPort = 0,

    /// <summary>A switch's port towards the root complex; its downstream ports behind it.</summary>
    UpstreamPort,

    /// <summary>A switch's port away from the root complex; a link behind it.</summary>
    DownstreamPort,

    /// <summary>A bridge from PCI Express to a conventional bus, whose functions it speaks for with an ID of that bus (PCI Express to PCI/PCI-X Bridge 1.0, 2.3).</summary>
    PcieToPci,

    /// <summary>A bridge between conventional buses, which speaks for the functions behind it with its own ID.</summary>
    PciToPci,
}
