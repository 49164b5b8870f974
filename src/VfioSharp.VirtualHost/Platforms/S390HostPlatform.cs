using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.S390;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>s390x, whose firmware shows functions one by one.</summary>
/// <param name="functions">How many functions there is to be room for.</param>
internal sealed class S390HostPlatform(int functions) : HostPlatform
{
    private AdapterVectors? vectors;

    /// <inheritdoc/>
    public override GroupRule GroupRule => GroupRule.Function;

    /// <inheritdoc/>
    /// <remarks>By architecture (<c>arch_is_isolated_msi()</c>, arch/s390/include/asm/msi.h).</remarks>
    public override bool? KernelTakesForIsolated => true;

    /// <inheritdoc/>
    /// <remarks>From SDMA to EDMA, which CLP QUERY PCI FUNCTION tells; the numbers are QEMU's (hw/s390x/s390-pci-bus.h).</remarks>
    public override ImmutableArray<IovaRange> DmaRanges => [new(new Iova(0x1_0000_0000), new Iova(0x01FF_FFFF_FFFF_FFFF))];

    /// <inheritdoc/>
    public override void CheckPlan(HostPlan plan)
    {
        foreach (HostBridgePlan bridge in plan.HostBridges)
        {
            if (bridge.Slots.OfType<BridgePlan>().FirstOrDefault() is { } shown)
            {
                throw PlanRules.Broken(
                    $"root bus {bridge.Segment:x4}:{bridge.RootBus:x2}, {shown.Device:x2}.{shown.Function:x}",
                    "is a bridge: firmware of s390x hides bridges, and shows endpoints alone");
            }
        }
    }

    /// <inheritdoc/>
    public override MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus)
    {
        vectors ??= new AdapterVectors(memory, functions);
        return new S390Domain(new S390Unit(vectors), vectors);
    }
}
