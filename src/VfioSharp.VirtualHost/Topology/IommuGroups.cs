using VfioSharp.Pci.Configuration;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>
/// The IOMMU groups of a host, found as Linux finds them: function by function in the order of discovery, each joining a group that is there or
/// making its own.
/// </summary>
/// <param name="rule">Whose rules.</param>
internal sealed class IommuGroups(GroupRule rule)
{
    private readonly SortedDictionary<int, HostGroup> groups = [];
    private int next;

    /// <summary>The groups that have members, by number.</summary>
    public IEnumerable<HostGroup> All => groups.Values;

    /// <summary>Puts a new function into its group.</summary>
    public void Add(HostFunction function)
    {
        HostGroup? group = rule switch
        {
            GroupRule.Pci => FindByPci(function),
            GroupRule.Bus => FindByBus(function),
            _ => null,
        };
        if (rule != GroupRule.None && (rule != GroupRule.Bus || function is EndpointFunction))
        {
            (group ?? Make()).Add(function);
        }
    }

    /// <summary>Takes a function out of its group, which is gone with its last.</summary>
    public void Remove(HostFunction function)
    {
        if (function.Group is { } group)
        {
            group.Remove(function);
            if (group.Members.Count == 0)
            {
                groups.Remove(group.Number);
            }
        }
    }

    private HostGroup Make()
    {
        var group = new HostGroup(next++);
        groups.Add(group.Number, group);
        return group;
    }

    // Up to the topmost bridge that speaks for the function, then on up while what is below is not kept apart: any group on the way is the function's.
    // Then its neighbours, if neither they nor it are kept apart.
    private static HostGroup? FindByPci(HostFunction function)
    {
        HostFunction from = function;
        for (HostFunction? at = function; at is not null; at = at.Bus.Bridge)
        {
            if (at != function && at.PortType is null or PciExpressPortType.PciExpressToPciBridge)
            {
                from = at;
                if (at.Group is { } shared)
                {
                    return shared;
                }
            }
        }

        while (from.Bus.Bridge is { } bridge && !IsPathKeptApart(bridge))
        {
            from = bridge;
            if (bridge.Group is { } shared)
            {
                return shared;
            }
        }

        if (from.Group is { } own)
        {
            return own;
        }

        return from.IsMultiFunction && !from.KeepsOthersApart
            ? from.Bus.Functions.FirstOrDefault(other => other != from && IsSameDevice(other, from) && !other.KeepsOthersApart && other.Group is not null)?.Group
            : null;
    }

    private static bool IsSameDevice(HostFunction one, HostFunction other) => one.Address.Bus == other.Address.Bus && one.Address.Device == other.Address.Device;

    // pci_acs_path_enabled(): every function from here to the root bus.
    private static bool IsPathKeptApart(HostFunction start)
    {
        for (HostFunction? at = start; at is not null; at = at.Bus.Bridge)
        {
            if (!at.KeepsOthersApart)
            {
                return false;
            }
        }

        return true;
    }

    // Behind a bridge that speaks for others there is one endpoint for all, on whatever bus (pnv_ioda_setup_bus_PE()).
    private static HostGroup? FindByBus(HostFunction function)
    {
        if (function is not EndpointFunction { PhysicalFunction: null })
        {
            return null;
        }

        BridgeFunction? spokesman = null;
        for (BridgeFunction? at = function.Bus.Bridge; at is not null; at = at.Bus.Bridge)
        {
            spokesman = at.PortType is null or PciExpressPortType.PciExpressToPciBridge ? at : spokesman;
        }

        IEnumerable<HostFunction> together = spokesman is null ? function.Bus.Functions : spokesman.SecondaryBus.AndBelow;
        return together.FirstOrDefault(other => other is EndpointFunction { PhysicalFunction: null } && other.Group is not null)?.Group;
    }
}
