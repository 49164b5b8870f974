using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;
using VfioSharp.VirtualHost.Planning;

namespace VfioSharp.VirtualHost.Tests.Topology;

/// <summary>The plan of a host that was captured from a real kernel: the same bridges and functions at the same places.</summary>
internal static class CapturedPlan
{
    /// <summary>Whether a function of the captured host is an endpoint without PCI Express.</summary>
    public const string Conventional = "conventional";

    public static HostPlan Of(HostEvidence host) => new()
    {
        HostBridges =
        [
            .. PciTopology.Build(host).HostBridges.Select(bridge => new HostBridgePlan(bridge.Segment, bridge.RootBusNumber) { Slots = Slots(host, bridge.RootBus) }),
        ],
    };

    private static ImmutableArray<SlotPlan> Slots(HostEvidence host, PciBus bus)
    {
        PciTopology topology = PciTopology.Build(host);
        return
        [
            .. bus.Functions
                .Where(node => node.Evidence.PhysicalFunction is null && !IommuUnitEvidence.IsIommu(node.Evidence))
                .Select(node => Slot(host, topology, node)),
        ];
    }

    private static SlotPlan Slot(HostEvidence host, PciTopology topology, PciNode node)
    {
        ConfigurationSpace space = node.Evidence.Configuration;
        (int device, int function) = (node.Address.Device, node.Address.Function);
        bool hasAcs = space.Capabilities.Acs is { } acs && (acs.Supported == 0 || acs.Enabled != 0);
        if (space.HeaderType == HeaderType.Bridge)
        {
            PciBus? behind = host.Functions.Select(f => topology.TryGetNode(f.Address, out PciNode? other) ? other.Bus : null)
                .FirstOrDefault(bus => bus?.Bridge?.Address == node.Address);
            return new BridgePlan(device, function, KindOf(space.PortType)) { HasAcs = hasAcs, Slots = behind is null ? [] : Slots(host, behind) };
        }

        PciAddress[] virtualFunctions = [.. host.Functions.Where(f => f.PhysicalFunction == node.Address).Select(f => f.Address).Order()];
        var plan = new FunctionPlan(device, function, space.PortType is null ? Conventional : "express") { HasAcs = hasAcs, Driver = DriverOf(node.Evidence.Driver) };
        return virtualFunctions.Length == 0 ? plan : plan with
        {
            VirtualFunctions = virtualFunctions.Length,
            VirtualOffsets = (space.Capabilities.SrIov!.Value.FirstVfOffset, space.Capabilities.SrIov.Value.VfStride),
        };
    }

    private static FunctionDriver DriverOf(string? name) => name switch
    {
        null => FunctionDriver.None,
        "vfio-pci" => FunctionDriver.VfioPci,
        _ => FunctionDriver.Native,
    };

    private static BridgeKind KindOf(PciExpressPortType? port) => port switch
    {
        PciExpressPortType.RootPort => BridgeKind.RootPort,
        PciExpressPortType.UpstreamPort => BridgeKind.UpstreamPort,
        PciExpressPortType.DownstreamPort => BridgeKind.DownstreamPort,
        PciExpressPortType.PciExpressToPciBridge => BridgeKind.PcieToPci,
        _ => BridgeKind.PciToPci,
    };
}
