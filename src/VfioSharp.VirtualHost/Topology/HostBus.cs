using VfioSharp.Pci.Topology;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>A bus of a virtual host: a root bus, which its host bridge makes, or the bus behind a bridge.</summary>
public sealed class HostBus
{
    private readonly List<HostFunction> functions = [];

    private HostBus(HostBridge hostBridge, byte number, BridgeFunction? bridge, PciBusFlags flags)
    {
        HostBridge = hostBridge;
        Number = number;
        Bridge = bridge;
        Flags = flags;
    }

    /// <summary>The host bridge it hangs below.</summary>
    public HostBridge HostBridge { get; }

    /// <summary>Its number within the segment.</summary>
    public byte Number { get; }

    /// <summary>The bridge it lies behind; null for a root bus.</summary>
    public BridgeFunction? Bridge { get; }

    /// <summary>The bus above; null for a root bus.</summary>
    public HostBus? Parent => Bridge?.Bus;

    /// <summary>
    /// What it guarantees. Decided when the bus is made and never afterwards: a root bus is told by its host bridge, every other has what the bus above it has.
    /// </summary>
    public PciBusFlags Flags { get; }

    /// <summary>Whether hardware confines the MSIs of every function on it.</summary>
    public bool HasIsolatedMsis => (Flags & PciBusFlags.MsiIsolated) != 0;

    /// <summary>The functions on it, by address; virtual functions are on their physical function's, whatever bus number they answer to.</summary>
    public IReadOnlyList<HostFunction> Functions => functions;

    /// <summary>What of the host's address space is forwarded to it.</summary>
    internal BusWindows Windows { get; set; } = new();

    /// <summary>Whether requests from here reach the host bridge: every bridge above may forward them.</summary>
    internal bool ForwardsUpstream
    {
        get
        {
            for (BridgeFunction? bridge = Bridge; bridge is not null; bridge = bridge.Bus.Bridge)
            {
                if (!bridge.CanMaster)
                {
                    return false;
                }
            }

            return true;
        }
    }

    /// <summary>All functions from here on down, bus by bus: those of a bus, then what is behind its bridges.</summary>
    internal IEnumerable<HostFunction> AndBelow => functions.Concat(functions.OfType<BridgeFunction>().SelectMany(bridge => bridge.SecondaryBus.AndBelow));

    internal static HostBus CreateRoot(HostBridge hostBridge, byte number, PciBusFlags flags) => new(hostBridge, number, null, flags);

    internal static HostBus CreateBehind(BridgeFunction bridge, byte number) => new(bridge.Bus.HostBridge, number, bridge, bridge.Bus.Flags);

    internal void Add(HostFunction function)
    {
        int index = functions.FindIndex(other => other.Address.CompareTo(function.Address) > 0);
        functions.Insert(index < 0 ? functions.Count : index, function);
    }

    internal void Remove(HostFunction function) => functions.Remove(function);

    /// <inheritdoc/>
    public override string ToString() => string.Create(System.Globalization.CultureInfo.InvariantCulture, $"{HostBridge.Segment:x4}:{Number:x2}");
}
