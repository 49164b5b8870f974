using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>s390x as <c>arch/s390/pci</c> shows it: an IOMMU a function, no tables of firmware's, and functions that are mapped by the memory-I/O instructions.</summary>
/// <param name="host">The host.</param>
internal sealed class S390Evidence(VirtualHost host) : PlatformEvidence(host)
{
    /// <inheritdoc/>
    public override string Architecture => "s390x";

    /// <inheritdoc/>
    public override string GroupType => "DMA-FQ";

    /// <inheritdoc/>
    /// <remarks>What lies below SDMA. What lies above EDMA is beyond the tables' reach, and not told.</remarks>
    public override ImmutableArray<string> ReservedRegions => ["0x0000000000000000 0x00000000ffffffff reserved"];

    /// <inheritdoc/>
    public override int FirstInterrupt => 3;

    /// <inheritdoc/>
    /// <remarks>Nothing: there are no hardware numbers.</remarks>
    public override string Trigger(int vector) => "";

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) =>
        IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"s390-iommu.{Host.Functions.IndexOf(function):x8}"));

    /// <inheritdoc/>
    public override void AddTo(MemoryTree tree, HostFunction function, string folder) => tree.AddFile($"{folder}/mio_enabled", "1\n");

    /// <inheritdoc/>
    protected override string ChipPrefix => "";

    /// <inheritdoc/>
    protected override string SharedChip => "PCI-MSI";
}
