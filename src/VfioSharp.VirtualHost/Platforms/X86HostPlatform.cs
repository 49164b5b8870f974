using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.Amd;
using VfioSharp.VirtualHost.Units.Intel;
using VfioSharp.VirtualHost.Units.X86;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>x86, with what its firmware and command line make of it.</summary>
/// <param name="options">Which IOMMU, and its switches.</param>
/// <param name="functions">How many functions there is to be room for.</param>
internal sealed class X86HostPlatform(VirtualHostOptions options, int functions) : HostPlatform
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
        switch (options.Bridge)
        {
            case HostBridgeKind.Vtd:
                var vtd = new VtdUnit(memory, VtdEntries) { AllowsCompatibilityFormat = options.AllowsCompatibilityFormat };
                return options.AdvertisedOnly ? new DirectDomain(vtd, vectors) : new VtdDomain(vtd, vectors, options.ChecksSources);
            case HostBridgeKind.AmdVi:
                return new AmdViDomain(new AmdViUnit(memory, functions), vectors, remaps: !options.AdvertisedOnly);
            default:
                return new DirectDomain(new DirectUnit(), vectors);
        }
    }
}
