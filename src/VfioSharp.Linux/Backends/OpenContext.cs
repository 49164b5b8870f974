using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Backends;

/// <summary>What is known of a function that is being opened, and of its host.</summary>
/// <param name="Tree">The host's files, as they are now.</param>
/// <param name="Audit">What the audit says of the function.</param>
/// <param name="Host">The host's evidence.</param>
/// <param name="Options">What the caller wants.</param>
internal sealed record OpenContext(HostTree Tree, FunctionAudit Audit, HostEvidence Host, VfioOptions Options)
{
    /// <summary>The function's address.</summary>
    public PciAddress Address => Audit.Address;

    /// <summary>Its IOMMU group; null where it is in none.</summary>
    public IommuGroupEvidence? Group => Audit.Evidence.IommuGroup is { } number ? Host.Groups.GetValueOrDefault(number) ?? new IommuGroupEvidence { Number = number } : null;

    /// <summary>The function's own file, such as <c>/dev/vfio/devices/vfio0</c>; null where the kernel makes none.</summary>
    public string? DeviceNode => VfioHolders.NodesOf(Tree, Audit.Evidence).FirstOrDefault(node => node.StartsWith("/dev/vfio/devices/", StringComparison.Ordinal));

    /// <summary>Who has the function or its group open.</summary>
    public IEnumerable<VfioHolder> FindHolders() => new VfioHolders(Tree).Of(Audit.Evidence);

    /// <summary>Whether its driver is one through which VFIO gives functions away.</summary>
    public bool IsBound => BindingEvidence.IsVfioPci(Audit.Evidence.Driver);
}
