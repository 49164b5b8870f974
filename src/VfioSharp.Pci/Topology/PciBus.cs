namespace VfioSharp.Pci.Topology;

/// <summary>A PCI bus: a root bus below a host bridge, or the bus behind a bridge.</summary>
public sealed class PciBus
{
    private readonly List<PciNode> functions = [];

    private PciBus(PciHostBridge hostBridge, byte number, PciBus? parent, PciNode? bridge, PciBusFlags flags)
    {
        HostBridge = hostBridge;
        Number = number;
        Parent = parent;
        Bridge = bridge;
        Flags = flags;
    }

    /// <summary>The host bridge it hangs below.</summary>
    public PciHostBridge HostBridge { get; }

    /// <summary>Its number within the segment.</summary>
    public byte Number { get; }

    /// <summary>The bus above, or null for a root bus.</summary>
    public PciBus? Parent { get; }

    /// <summary>The bridge it lies behind, or null for a root bus.</summary>
    public PciNode? Bridge { get; }

    /// <summary>What it guarantees: a root bus is told when it is made, every other has its parent's.</summary>
    public PciBusFlags Flags { get; }

    /// <summary>The functions on it, virtual functions of a physical function on it included whatever bus number they answer to.</summary>
    public IReadOnlyList<PciNode> Functions => functions;

    /// <summary>Whether hardware confines the MSIs of every function on it: the one question to ask of a bus.</summary>
    public bool HasIsolatedMsis => (Flags & PciBusFlags.MsiIsolated) != 0;

    internal static PciBus CreateRoot(PciHostBridge hostBridge, PciBusFlags flags) => new(hostBridge, hostBridge.RootBusNumber, null, null, flags);

    internal static PciBus CreateBehind(PciNode bridge, byte number) => new(bridge.Bus.HostBridge, number, bridge.Bus, bridge, bridge.Bus.Flags);

    internal void Add(PciNode function) => functions.Add(function);

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{HostBridge.Segment:x4}:{Number:x2}");
}
