using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Audit;

/// <summary>
/// The members of IOMMU groups that a driver holds, found once a group: without ACS thousands of functions may share one, and each is asked
/// about all the others.
/// </summary>
internal sealed class GroupHolders(HostEvidence host, PciTopology topology)
{
    private readonly Dictionary<int, ImmutableArray<GroupHolder>> known = [];

    public ImmutableArray<GroupHolder> Of(int group)
    {
        if (!known.TryGetValue(group, out ImmutableArray<GroupHolder> holders))
        {
            holders = [.. Find(group)];
            known.Add(group, holders);
        }

        return holders;
    }

    private IEnumerable<GroupHolder> Find(int group)
    {
        // Until 5.18 VFIO passed over every header type but 0 (vfio_dev_driver_allowed(), drivers/vfio/vfio.c). Since then the driver must have
        // declared driver_managed_dma: the port driver has, shpchp has not.
        bool bridgesMayHaveDrivers = !host.KernelIsAtLeast(5, 19);
        foreach (PciNode member in topology.MembersOf(group))
        {
            if (member.Evidence.Driver is { } driver && !LeavesDmaAlone(driver)
                && !(bridgesMayHaveDrivers && Assignability.IsBridge(member, member.Evidence.Configuration)))
            {
                yield return new(member.Address.ToString(), driver);
            }
        }

        foreach ((string name, string? driver) in host.Groups.GetValueOrDefault(group)?.OtherMembers ?? [])
        {
            if (driver is not null && !LeavesDmaAlone(driver))
            {
                yield return new(name, driver);
            }
        }
    }

    // vfio-pci and its variants for one vendor's functions (mlx5_vfio_pci, hisi-acc-vfio-pci, …), pci-stub, the PCI Express port driver, and
    // VFIO's drivers on other buses.
    private static bool LeavesDmaAlone(string driver) =>
        driver is "pci-stub" or "pcieport" or "vfio-platform" or "vfio-amba" or "vfio-fsl-mc" or "vfio-cdx"
        || driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);
}
