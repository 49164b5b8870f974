using VfioSharp.Pci.DeviceTree;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>pSeries, Power under a hypervisor: PAPR's logical host bridges, programmed by firmware for each partitionable endpoint.</summary>
internal sealed class PSeriesPlatform : PowerPlatform
{
    public override string Name => "pSeries";

    protected override string ChipPrefix => "pSeries-";

    protected override string Guarantee => "PAPR firmware assigns interrupts to the partitionable endpoint and the hypervisor keeps others from signalling them";

    protected override bool IsIsolatingBridge(DeviceTreeNode node) => node.IsCompatible("IBM,Logical_PHB");
}
