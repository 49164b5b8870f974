using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.Intel;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>x86, with what its firmware and command line make of it.</summary>
/// <param name="options">Which IOMMU, and its switches.</param>
internal sealed class X86HostPlatform(VirtualHostOptions options) : HostPlatform
{
    private const int VtdEntries = 65536;

    private readonly X86Vectors vectors = new(options.Processors);

    /// <inheritdoc/>
    public override GroupRule GroupRule => options.Bridge == HostBridgeKind.None ? GroupRule.None : GroupRule.Pci;

    /// <inheritdoc/>
    public override bool? KernelTakesForIsolated => options.Bridge != HostBridgeKind.None && !options.AdvertisedOnly;

    /// <inheritdoc/>
    public override MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus)
    {
        if (options.Bridge == HostBridgeKind.None)
        {
            return new DirectDomain(new DirectUnit(), vectors);
        }

        var unit = new VtdUnit(memory, VtdEntries) { AllowsCompatibilityFormat = options.AllowsCompatibilityFormat };
        return options.AdvertisedOnly ? new DirectDomain(unit, vectors) : new VtdDomain(unit, vectors, options.ChecksSources);
    }
}
