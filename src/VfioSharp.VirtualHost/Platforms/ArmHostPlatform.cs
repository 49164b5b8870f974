using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.Arm;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>arm64, with an SMMUv3 as a rule, and one of its two ways to take messages.</summary>
/// <param name="options">Which.</param>
internal sealed class ArmHostPlatform(VirtualHostOptions options) : HostPlatform
{
    private readonly NumberSpace lpis = ItsDomain.CreateLpis();
    private NumberSpace? spis;

    /// <inheritdoc/>
    public override GroupRule GroupRule => options.HasIommu ? GroupRule.Pci : GroupRule.None;

    /// <inheritdoc/>
    /// <remarks>IRQ_DOMAIN_FLAG_ISOLATED_MSI is the ITS's (drivers/irqchip/irq-gic-v3-its-msi-parent.c); a GICv2m frame has it not.</remarks>
    public override bool? KernelTakesForIsolated => options.HasIommu && options.Bridge == HostBridgeKind.Its;

    /// <inheritdoc/>
    /// <remarks>48 bits, but for the window of messages (IOMMU_RESV_SW_MSI).</remarks>
    public override ImmutableArray<IovaRange> DmaRanges =>
    [
        new(new Iova(0), new Iova(ArmDoorbell.Window - 1)),
        new(new Iova(ArmDoorbell.Window + ArmDoorbell.WindowLength), new Iova(0xFFFF_FFFF_FFFF)),
    ];

    /// <inheritdoc/>
    public override MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus)
    {
        if (options.Bridge == HostBridgeKind.Its)
        {
            return new ItsDomain(new ItsUnit(memory), lpis, options.Processors);
        }

        // One frame for all host bridges.
        var frame = new V2mUnit();
        return new V2mDomain(frame, spis ??= V2mDomain.CreateSpis(frame));
    }
}
