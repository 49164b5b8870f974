using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>x86 without an IOMMU: neither table names one, and there are no groups.</summary>
/// <param name="host">The host.</param>
internal sealed class DirectEvidence(VirtualHost host) : X86Evidence(host)
{
    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) => null;

    /// <inheritdoc/>
    protected override bool Remaps => false;

    /// <inheritdoc/>
    protected override (string Name, byte[] Content)? RemappingTable() => null;
}
