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
    internal static Assignability Of(HostEvidence host, PciTopology topology, PciNode node, ConfigurationSpace configuration)
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

        // Until 5.18 VFIO passed over every header type but 0 (vfio_dev_driver_allowed(), drivers/vfio/vfio.c). Since then the driver must have
        // declared driver_managed_dma: the port driver has, shpchp has not.
        bool bridgesMayHaveDrivers = !host.KernelIsAtLeast(5, 19);
        var blockers = new List<(string Name, string Driver)>();
        foreach (PciNode member in topology.MembersOf(number))
        {
            if (member != node && member.Evidence.Driver is { } driver && !LeavesDmaAlone(driver) && !(bridgesMayHaveDrivers && IsBridge(member, member.Evidence.Configuration)))
            {
                blockers.Add((member.Address.ToString(), driver));
            }
        }

        foreach ((string name, string? driver) in group?.OtherMembers ?? [])
        {
            if (driver is not null && !LeavesDmaAlone(driver))
            {
                blockers.Add((name, driver));
            }
        }

        return blockers.Count == 0 ? new(true, [], null)
            : new(false, [.. blockers.Select(blocker => blocker.Name)],
                $"group {number} also holds {string.Join(", ", blockers.Select(blocker => $"{blocker.Name} ({blocker.Driver})"))}: unbind them or bind them to vfio-pci");
    }

    private static bool IsBridge(PciNode node, ConfigurationSpace configuration) =>
        configuration.Length > 0 && !configuration.IsAbsent
            ? configuration.HeaderType != HeaderType.Endpoint
            : node.Evidence.ClassCode >> 8 is 0x0604 or 0x0607;

    // vfio-pci and its variants for one vendor's functions (mlx5_vfio_pci, hisi-acc-vfio-pci, …), pci-stub, the PCI Express port driver, and
    // VFIO's drivers on other buses.
    private static bool LeavesDmaAlone(string driver) =>
        driver is "pci-stub" or "pcieport" or "vfio-platform" or "vfio-amba" or "vfio-fsl-mc" or "vfio-cdx"
        || driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);
}
