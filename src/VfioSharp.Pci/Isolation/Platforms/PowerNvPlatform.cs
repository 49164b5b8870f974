using VfioSharp.Pci.DeviceTree;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>PowerNV, Power without a hypervisor below Linux: IODA host bridges (POWER8 and later).</summary>
internal sealed class PowerNvPlatform : PowerPlatform
{
    public override string Name => "PowerNV IODA";

    protected override string ChipPrefix => "PNV-";

    protected override string Guarantee => "the IODA host bridge checks that a message's vector belongs to its requester's partitionable endpoint";

    protected override bool IsIsolatingBridge(DeviceTreeNode node) => node.Compatible.Any(name => name is "ibm,ioda2-phb" or "ibm,ioda3-phb");
}
