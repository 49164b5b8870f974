using System.Collections.Immutable;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Audit;

/// <summary>
/// Whether a function could be given away: an endpoint, in an IOMMU group, with every other member of the group out of the kernel's hands.
/// The rule of VFIO's viability check (<c>vfio_dev_viable()</c>, and DMA ownership since 5.19: <c>driver_managed_dma</c>).
/// </summary>
/// <param name="IsAssignable">Whether all of it holds.</param>
/// <param name="Blockers">The other members of the group that a driver holds, by address (or name, for those that are no PCI functions).</param>
/// <param name="Explanation">Why not, as a sentence; null where it is assignable.</param>
public sealed record Assignability(bool IsAssignable, ImmutableArray<string> Blockers, string? Explanation)
{
    private const int MaxNamed = 16;

    internal static Assignability Of(HostEvidence host, GroupHolders holders, PciNode node, ConfigurationSpace configuration)
    {
        if (IsBridge(node, configuration))
        {
            return new(false, [], "it is a bridge: only endpoints (header type 0) can be assigned");
        }

        if (node.Evidence.IommuGroup is not { } number)
        {
            return new(false, [], "it is in no IOMMU group");
        }

        IommuGroupEvidence? group = host.Groups.GetValueOrDefault(number);
        if (group?.IsNoIommu == true)
        {
            return new(false, [], "its group is one of VFIO's no-IOMMU mode");
        }

        string own = node.Address.ToString();
        ImmutableArray<GroupHolder> blockers = [.. holders.Of(number).Where(holder => holder.Name != own)];
        return blockers.IsEmpty ? new(true, [], null)
            : new(false, [.. blockers.Select(blocker => blocker.Name)], $"group {number} also holds {Enumerate(blockers)}: unbind them or bind them to vfio-pci");
    }

    private static string Enumerate(ImmutableArray<GroupHolder> blockers)
    {
        string named = string.Join(", ", blockers.Take(MaxNamed));
        return blockers.Length > MaxNamed ? $"{named} and {blockers.Length - MaxNamed} more" : named;
    }

    internal static bool IsBridge(PciNode node, ConfigurationSpace configuration) =>
        configuration.Length > 0 && !configuration.IsAbsent
            ? configuration.HeaderType != HeaderType.Endpoint
            : node.Evidence.ClassCode >> 8 is 0x0604 or 0x0607;
}
