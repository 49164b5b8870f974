using VfioSharp.VirtualHost.Interrupts;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>A host bridge of a virtual host, with the root bus it makes and the hardware that its functions' messages pass.</summary>
public sealed class HostBridge
{
    internal HostBridge(uint segment, byte rootBus, MsiDomain domain)
    {
        Segment = segment;
        Domain = domain;
        RootBus = HostBus.CreateRoot(this, rootBus, domain.RootBusFlags);
    }

    /// <summary>The segment of its buses.</summary>
    public uint Segment { get; }

    /// <summary>Its root bus.</summary>
    public HostBus RootBus { get; }

    /// <summary>What messages from below pass.</summary>
    public IsolationUnit Unit => Domain.Unit;

    /// <summary>The host's side of that.</summary>
    internal MsiDomain Domain { get; }

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"pci{Segment:x4}:{RootBus.Number:x2}");
}
