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
        foreach (PciNode member in topology.MembersOf(group))
        {
            if (member.Evidence.Driver is { } driver && !LeavesDmaAlone(driver))
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

    // vfio-pci and its variants for one vendor's functions (mlx5_vfio_pci, hisi-acc-vfio-pci, …), pci-stub, and the PCI Express port driver.
    private static bool LeavesDmaAlone(string driver) =>
        driver is "pci-stub" or "pcieport" or "vfio-platform"
        || driver.Replace('_', '-').EndsWith("vfio-pci", StringComparison.Ordinal);
}
