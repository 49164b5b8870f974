using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Topology;

/// <summary>
/// Who hangs below whom: from the folders of sysfs, which nest as the hardware does, or, where a tree shows only a flat list, from the bus
/// numbers in the bridges' headers. Total on any evidence: what fits nowhere hangs on a root bus of its own segment and number.
/// </summary>
internal sealed class PciHierarchy
{
    private readonly Dictionary<PciAddress, FunctionEvidence> functions;
    private readonly Dictionary<PciAddress, FunctionEvidence?> above = [];
    private readonly Dictionary<PciAddress, ConfigurationSpace> bridges = [];
    private readonly Dictionary<string, HostBridgeEvidence> byPath = [];
    private readonly Dictionary<(uint Segment, byte Bus), HostBridgeEvidence> byNumber = [];
    private readonly Dictionary<HostBridgeEvidence, List<FunctionEvidence>> below = [];

    public PciHierarchy(HostEvidence host)
    {
        functions = host.Functions.ToDictionary(function => function.Address);
        foreach (FunctionEvidence function in host.Functions)
        {
            ConfigurationSpace space = function.Configuration;
            if (space.HeaderType is HeaderType.Bridge or HeaderType.CardBus && !space.IsAbsent)
            {
                bridges[function.Address] = space;
            }
        }

        foreach (HostBridgeEvidence bridge in host.HostBridges)
        {
            byPath.TryAdd(bridge.Path, bridge);
            byNumber.TryAdd((bridge.Segment, bridge.RootBus), bridge);
        }

        foreach (FunctionEvidence function in host.Functions)
        {
            above[function.Address] = FindBridgeAbove(function);
        }

        BreakLoops(host.Functions);
        ParentsFirst = [.. host.Functions.OrderBy(Depth).ThenBy(function => function.Address)];
        foreach (FunctionEvidence function in ParentsFirst)
        {
            HostBridgeEvidence root = HostBridgeOf(function);
            if (!below.TryGetValue(root, out List<FunctionEvidence>? list))
            {
                below.Add(root, list = []);
            }

            list.Add(function);
        }
    }

    /// <summary>The host bridges that hold a function, in order of segment and bus.</summary>
    public IEnumerable<HostBridgeEvidence> HostBridges => below.Keys.OrderBy(bridge => bridge.Segment).ThenBy(bridge => bridge.RootBus);

    /// <summary>Every function, each after the bridge above it.</summary>
    public ImmutableArray<FunctionEvidence> ParentsFirst { get; }

    public FunctionEvidence? BridgeAbove(FunctionEvidence function) => above[function.Address];

    /// <summary>The number of the bus behind a bridge: as its header says, else as the function found there says.</summary>
    public byte BusBehind(FunctionEvidence bridge, FunctionEvidence found) =>
        bridges.TryGetValue(bridge.Address, out ConfigurationSpace? space) && space.SecondaryBus != 0 ? space.SecondaryBus : found.Address.Bus;

    public HostBridgeEvidence HostBridgeOf(FunctionEvidence function)
    {
        FunctionEvidence top = function;
        while (above[top.Address] is { } bridge)
        {
            top = bridge;
        }

        if (top.DevicePath is { } path && HostBridgeEvidence.RootOf(path) is { } root && byPath.TryGetValue(root, out HostBridgeEvidence? known))
        {
            return known;
        }

        (uint, byte) number = (top.Address.Segment, top.Address.Bus);
        if (!byNumber.TryGetValue(number, out HostBridgeEvidence? made))
        {
            made = new HostBridgeEvidence
            {
                Path = string.Create(System.Globalization.CultureInfo.InvariantCulture, $"sys/devices/pci{number.Item1:x4}:{number.Item2:x2}"),
                Segment = number.Item1,
                RootBus = number.Item2,
            };
            byNumber.Add(number, made);
        }

        return made;
    }

    /// <summary>Every function below a host bridge with the requester IDs it may appear under.</summary>
    public ImmutableArray<Requester> RequestersBelow(HostBridgeEvidence bridge) =>
        [.. below[bridge].Select(function => new Requester(function, RequesterIds(function)))];

    /// <summary>The function's own ID, then its aliases, as <c>pci_for_each_dma_alias()</c> walks them.</summary>
    public ImmutableArray<RequesterId> RequesterIds(FunctionEvidence function)
    {
        List<RequesterId> ids = [function.Address.RequesterId];
        FunctionEvidence at = function;
        while (above[at.Address] is { } bridge)
        {
            RequesterId? alias = !bridges.TryGetValue(bridge.Address, out ConfigurationSpace? space) ? null : space.PortType switch
            {
                // A PCIe-to-PCI bridge takes ownership of what it forwards: its secondary bus, device 0 (PCI Express to PCI Bridge 1.0, 2.3).
                PciExpressPortType.PciExpressToPciBridge => new RequesterId((ushort)(space.SecondaryBus << 8)),
                PciExpressPortType.PciToPciExpressBridge => bridge.Address.RequesterId,
                null when space.HoldsCapabilities => bridge.Address.RequesterId, // a conventional bridge
                _ => null,
            };
            if (alias is { } id && !ids.Contains(id))
            {
                ids.Add(id);
            }

            at = bridge;
        }

        return [.. ids];
    }

    private FunctionEvidence? FindBridgeAbove(FunctionEvidence function)
    {
        if (function.PhysicalFunction is { } physical && physical != function.Address && functions.TryGetValue(physical, out FunctionEvidence? pf)
            && pf.PhysicalFunction is null)
        {
            return FindBridgeAbove(pf);
        }

        if (function.DevicePath is { } path)
        {
            return PciAddress.TryParse(HostPath.Name(HostPath.Parent(path)), out PciAddress parent) ? functions.GetValueOrDefault(parent) : null;
        }

        foreach ((PciAddress address, ConfigurationSpace space) in bridges)
        {
            if (address.Segment == function.Address.Segment && address != function.Address && space.SecondaryBus != 0
                && space.SecondaryBus == function.Address.Bus)
            {
                return functions[address];
            }
        }

        return null;
    }

    // Headers are what hardware shows: two bridges may each claim to lie behind the other.
    private void BreakLoops(ImmutableArray<FunctionEvidence> all)
    {
        var settled = new HashSet<PciAddress>();
        var path = new HashSet<PciAddress>();
        foreach (FunctionEvidence function in all)
        {
            path.Clear();
            for (FunctionEvidence? at = function; at is not null && !settled.Contains(at.Address); at = above[at.Address])
            {
                path.Add(at.Address);
                if (above[at.Address] is { } next && path.Contains(next.Address))
                {
                    above[at.Address] = null;
                }
            }

            settled.UnionWith(path);
        }
    }

    private int Depth(FunctionEvidence function)
    {
        int depth = 0;
        for (FunctionEvidence? at = above[function.Address]; at is not null; at = above[at.Address])
        {
            depth++;
        }

        return depth;
    }
}
