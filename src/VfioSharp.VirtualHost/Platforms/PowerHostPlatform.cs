using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.Power;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>POWER8 and POWER9 without a hypervisor (PowerNV).</summary>
/// <param name="options">Which.</param>
internal sealed class PowerHostPlatform(VirtualHostOptions options) : HostPlatform
{
    // Each host bridge has interrupt numbers of its own.
    private uint nextInterrupt;

    /// <inheritdoc/>
    public override GroupRule GroupRule => GroupRule.Bus;

    /// <inheritdoc/>
    /// <remarks>VFIO's backend for Power asks nothing (drivers/vfio/vfio_iommu_spapr_tce.c).</remarks>
    public override bool? KernelTakesForIsolated => null;

    /// <inheritdoc/>
    /// <remarks>The default window of a PE: 2 GiB from 0 on.</remarks>
    public override ImmutableArray<IovaRange> DmaRanges => [new(new Iova(0), new Iova(0x7FFF_FFFF))];

    /// <inheritdoc/>
    public override MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus)
    {
        if (options.Bridge == HostBridgeKind.Ioda2)
        {
            var phb3 = new Ioda2Unit(memory) { FirstInterrupt = nextInterrupt };
            nextInterrupt += (uint)phb3.Sources;
            return new Ioda2Domain(phb3, options.Processors);
        }

        var phb4 = new Ioda3Unit(memory) { FirstInterrupt = nextInterrupt };
        nextInterrupt += (uint)phb4.Sources;
        return new Ioda3Domain(phb4, options.Processors);
    }
}
