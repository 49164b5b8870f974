namespace VfioSharp.VirtualHost.Attacks;

/// <summary>How a function tries to raise an interrupt.</summary>
public enum AttackWay
{
    /// <summary>By DMA: it writes four bytes where the platform takes messages.</summary>
    Dma = 0,

    /// <summary>By signalling: its MSI-X table holds another's message.</summary>
    MsixTable,

    /// <summary>By its own message, after it changed the host's tables by DMA.</summary>
    HostTable,
}
