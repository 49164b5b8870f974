using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Topology;

/// <summary>A host bridge, the root bus it makes, and why that bus has the flags it has.</summary>
public sealed class PciHostBridge
{
    internal PciHostBridge(HostBridgeEvidence evidence, RootBusGuarantee guarantee)
    {
        Evidence = evidence;
        Findings = guarantee.Findings;
        RootBus = PciBus.CreateRoot(this, guarantee.IsIsolated ? PciBusFlags.MsiIsolated : PciBusFlags.None);
    }

    /// <summary>What the host shows of it.</summary>
    public HostBridgeEvidence Evidence { get; }

    /// <summary>The segment of its buses.</summary>
    public uint Segment => Evidence.Segment;

    /// <summary>The number of its root bus.</summary>
    public byte RootBusNumber => Evidence.RootBus;

    /// <summary>The root bus.</summary>
    public PciBus RootBus { get; }

    /// <summary>The evidence, of the host bridge and the interrupt controller alone, from which the root bus's flags were decided.</summary>
    public ImmutableArray<IsolationFinding> Findings { get; }
}
