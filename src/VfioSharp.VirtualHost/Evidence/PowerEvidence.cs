using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>PowerNV as <c>arch/powerpc/platforms/powernv</c> shows it: a node of firmware's device tree for each host bridge and what lies behind it.</summary>
/// <param name="host">The host.</param>
internal sealed class PowerEvidence(VirtualHost host) : PlatformEvidence(host)
{
    private const ulong FirstBridge = 0x0006_00C3_C000_0000;
    private const ulong BridgeLength = 0x10_0000;

    private bool IsPower9 => Host.Options.Bridge == HostBridgeKind.Ioda;

    /// <inheritdoc/>
    public override string Architecture => "ppc64le";

    /// <inheritdoc/>
    /// <remarks>It says IODA2 of IODA3 as well (pnv_phb_names, pci-ioda.c).</remarks>
    public override IEnumerable<string> Log => Host.HostBridges.Select(bridge => $"Initializing IODA2 PHB (/{NodeOf(bridge)})");

    /// <inheritdoc/>
    public override string GroupType => "unknown";

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) =>
        IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"iommu-phb{function.Address.Segment:x4}"));

    /// <inheritdoc/>
    /// <remarks>Firmware knows nothing of virtual functions, which the kernel turns on.</remarks>
    public override string? NodeOf(HostFunction function)
    {
        if (function is EndpointFunction { PhysicalFunction: not null })
        {
            return null;
        }

        PciAddress address = function.Address;
        string above = function.Bus.Bridge is { } bridge ? NodeOf(bridge)! : NodeOf(function.Bus.HostBridge);
        return string.Create(CultureInfo.InvariantCulture, $"{above}/pci@{address.Device:x}{(address.Function == 0 ? "" : $",{address.Function:x}")}");
    }

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        tree.AddFolder("sys/module/vfio_iommu_spapr_tce");
        var nodes = new DeviceTreeBuilder(tree);
        nodes.AddText("", "compatible", "ibm,powernv");
        foreach (HostBridge bridge in Host.HostBridges)
        {
            nodes.AddText(NodeOf(bridge), "compatible", IsPower9 ? ["ibm,power9-pciex", "ibm,ioda3-phb"] : ["ibm,power8-pciex", "ibm,ioda2-phb"]);
            nodes.AddText(NodeOf(bridge), "device_type", "pciex");
        }
    }

    /// <inheritdoc/>
    /// <remarks>vfio_iommu_spapr_tce attaches whatever there is, and has nothing to overlook.</remarks>
    protected override string? AskingModule => null;

    /// <inheritdoc/>
    protected override string ChipPrefix => "PNV-";

    /// <inheritdoc/>
    /// <remarks>Before 5.15 functions' vectors showed the interrupt controller's name.</remarks>
    protected override string SharedChip => IsPower9 ? "XIVE-IRQ" : "XICS";

    private string NodeOf(HostBridge bridge) =>
        string.Create(CultureInfo.InvariantCulture, $"pciex@{FirstBridge + (BridgeLength * (ulong)Host.HostBridges.IndexOf(bridge)):x}");
}
