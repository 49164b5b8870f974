using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>A remapping unit and what it is responsible for: a DRHD structure (VT-d 4.1, 8.3).</summary>
/// <param name="Segment">The segment whose functions it serves. A unit serves one.</param>
/// <param name="IncludesAll">INCLUDE_PCI_ALL: it serves every function of the segment that no other unit names.</param>
/// <param name="RegisterBase">
/// The physical address of its registers; sysfs shows it as <c>/sys/class/iommu/dmar*/intel-iommu/address</c>.
/// </param>
/// <param name="Scopes">What it names. A unit that includes all names only IO-APICs and timers.</param>
internal sealed record DmarUnit(ushort Segment, bool IncludesAll, ulong RegisterBase, IReadOnlyList<DmarDeviceScope> Scopes)
{
    /// <summary>Whether a scope of the unit names the function, or a bridge above it.</summary>
    internal bool Names(PciAddress function, Func<PciAddress, BridgeBuses?> bridge)
    {
        foreach (DmarDeviceScope scope in Scopes)
        {
            if (scope.Type is not (DmarScopeType.Endpoint or DmarScopeType.SubHierarchy)
                || scope.Resolve(Segment, bridge) is not { } named)
            {
                continue;
            }

            if (named == function
                || (scope.Type == DmarScopeType.SubHierarchy && bridge(named) is { } buses && buses.Contain(function.RequesterId.Bus)))
            {
                return true;
            }
        }

        return false;
    }
}
