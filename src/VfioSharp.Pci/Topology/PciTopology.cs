using System.Collections.Immutable;
using System.Diagnostics.CodeAnalysis;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Pci.Topology;

/// <summary>
/// A host's PCI topology: host bridges with their root buses, bridges, the buses behind them, and every function's place, with the bus flag
/// set at the roots and inherited on the way down.
/// </summary>
public sealed class PciTopology
{
    private readonly Dictionary<PciAddress, PciNode> nodes = [];
    private readonly Dictionary<int, ImmutableArray<PciNode>> groups;

    private PciTopology(HostEvidence host)
    {
        var hierarchy = new PciHierarchy(host);
        HostBridges = [.. hierarchy.HostBridges.Select(bridge => new PciHostBridge(
            bridge, IsolationPlatform.OfHost(host).ExamineHostBridge(host, bridge, hierarchy.RequestersBelow(bridge))))];

        var roots = HostBridges.ToDictionary(bridge => bridge.Evidence, bridge => bridge.RootBus);
        var buses = new Dictionary<PciAddress, PciBus>();
        foreach (FunctionEvidence function in hierarchy.ParentsFirst)
        {
            PciBus bus;
            if (hierarchy.BridgeAbove(function) is { } bridge)
            {
                if (!buses.TryGetValue(bridge.Address, out PciBus? behind))
                {
                    behind = PciBus.CreateBehind(nodes[bridge.Address], hierarchy.BusBehind(bridge, function));
                    buses.Add(bridge.Address, behind);
                }

                bus = behind;
            }
            else
            {
                bus = roots[hierarchy.HostBridgeOf(function)];
            }

            nodes.Add(function.Address, new PciNode(function, bus, hierarchy.RequesterIds(function)));
        }

        groups = nodes.Values.Where(node => node.Evidence.IommuGroup is not null).GroupBy(node => node.Evidence.IommuGroup!.Value)
            .ToDictionary(group => group.Key, group => group.OrderBy(node => node.Address).ToImmutableArray());
    }

    /// <summary>The host bridges, by segment and root bus.</summary>
    public ImmutableArray<PciHostBridge> HostBridges { get; }

    /// <summary>Lays out the functions of a host.</summary>
    public static PciTopology Build(HostEvidence host)
    {
        ArgumentNullException.ThrowIfNull(host);
        return new PciTopology(host);
    }

    /// <summary>The place of the function at <paramref name="address"/>, if the host has one there.</summary>
    public bool TryGetNode(PciAddress address, [NotNullWhen(true)] out PciNode? node) => nodes.TryGetValue(address, out node);

    /// <summary>The PCI functions of an IOMMU group, by address; empty where there is no such group.</summary>
    public ImmutableArray<PciNode> MembersOf(int group) => groups.GetValueOrDefault(group, []);
}
