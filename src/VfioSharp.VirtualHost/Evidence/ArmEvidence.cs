using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.Arm;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>arm64 by device tree: each host bridge with an SMMUv3 of its own, if there is any, and an ITS of its own or the host's one GICv2m frame.</summary>
/// <param name="host">The host.</param>
internal sealed class ArmEvidence(VirtualHost host) : PlatformEvidence(host)
{
    private const uint FirstPhandle = 0x8004;
    private const ulong Ecam = 0x40_1000_0000;
    private const ulong EcamLength = 0x1000_0000;
    private const ulong Smmu = 0x0905_0000;
    private const ulong SmmuLength = 0x2_0000;
    private const ulong Its = 0x0808_0000;
    private const ulong ItsLength = 0x2_0000;
    private const ulong Frame = 0x0802_0000;

    private bool HasIts => Host.Options.Bridge == HostBridgeKind.Its;

    /// <inheritdoc/>
    public override string Architecture => "aarch64";

    /// <inheritdoc/>
    public override IEnumerable<string> Log => HasIts
        ? Host.HostBridges.Select((_, index) => string.Create(CultureInfo.InvariantCulture, $"ITS [mem 0x{At(Its, ItsLength, index):x8}-0x{At(Its, ItsLength, index + 1) - 1:x8}]"))
        : Host.HostBridges.Take(1).Select(bridge => (V2mUnit)bridge.Unit).Select(unit => string.Create(CultureInfo.InvariantCulture,
            $"GICv2m: range[mem 0x{Frame:x8}-0x{Frame + ArmDoorbell.PageLength - 1:x8}], SPI[{unit.FirstSpi}:{unit.FirstSpi + unit.SpiCount - 1}]"));

    /// <inheritdoc/>
    public override string GroupType => "DMA";

    /// <inheritdoc/>
    public override ImmutableArray<string> ReservedRegions => ["0x0000000008000000 0x00000000080fffff msi"];

    /// <inheritdoc/>
    public override IEnumerable<(int Number, string Chip, string Action)> OtherInterrupts => [(11, HasIts ? "GICv3" : "GIC-0", "27 Level     arch_timer")];

    /// <inheritdoc/>
    public override string FolderOf(HostBridge bridge) => $"{PlatformFolder(bridge)}/{bridge}";

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function)
    {
        ulong address = At(Smmu, SmmuLength, IndexOf(function.Bus.HostBridge));
        string name = string.Create(CultureInfo.InvariantCulture, $"smmu3.0x{address:x16}");
        return new IommuFolder(name, string.Create(CultureInfo.InvariantCulture, $"sys/devices/platform/{address:x}.smmuv3/iommu/{name}"));
    }

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        var nodes = new DeviceTreeBuilder(tree);
        nodes.AddText("", "compatible", "linux,dummy-virt");
        if (!HasIts)
        {
            AddController(nodes, string.Create(CultureInfo.InvariantCulture, $"intc@8000000/v2m@{Frame:x}"), "arm,gic-v2m-frame", FirstPhandle);
        }

        uint phandle = FirstPhandle + 1;
        foreach ((HostBridge bridge, int index) in Host.HostBridges.Select((bridge, index) => (bridge, index)))
        {
            uint controller = FirstPhandle;
            if (HasIts)
            {
                controller = phandle++;
                string its = string.Create(CultureInfo.InvariantCulture, $"intc@8000000/its@{At(Its, ItsLength, index):x}");
                AddController(nodes, its, "arm,gic-v3-its", controller);
                nodes.AddCells(its, "#msi-cells", 1);
            }

            AddBridge(nodes, bridge, index, controller);
            if (Host.Options.HasIommu)
            {
                nodes.AddCells(NodeOf(index), "iommu-map", 0, phandle, 0, 0x1_0000);
                AddSmmu(nodes, index, phandle++);
            }

            SysfsLink.Add(tree, PlatformFolder(bridge), "of_node", $"sys/firmware/devicetree/base/{NodeOf(index)}");
        }
    }

    /// <inheritdoc/>
    protected override string ChipPrefix => HasIts ? "ITS-" : "GICv2m-";

    /// <inheritdoc/>
    protected override string SharedChip => HasIts ? "ITS-MSI" : "MSI";

    private static ulong At(ulong first, ulong length, int index) => first + (length * (ulong)index);

    private static string NodeOf(int index) => string.Create(CultureInfo.InvariantCulture, $"pcie@{At(Ecam, EcamLength, index):x}");

    private static void AddController(DeviceTreeBuilder nodes, string node, string model, uint phandle)
    {
        nodes.AddText(node, "compatible", model);
        nodes.Add(node, "msi-controller");
        nodes.AddCells(node, "phandle", phandle);
    }

    private static void AddSmmu(DeviceTreeBuilder nodes, int index, uint phandle)
    {
        string node = string.Create(CultureInfo.InvariantCulture, $"smmuv3@{At(Smmu, SmmuLength, index):x}");
        nodes.AddText(node, "compatible", "arm,smmu-v3");
        nodes.AddCells(node, "#iommu-cells", 1);
        nodes.AddCells(node, "phandle", phandle);
        nodes.Add(node, "dma-coherent");
    }

    // Every requester ID of the segment goes to the one controller, as it is.
    private static void AddBridge(DeviceTreeBuilder nodes, HostBridge bridge, int index, uint controller)
    {
        string node = NodeOf(index);
        nodes.AddText(node, "compatible", "pci-host-ecam-generic");
        nodes.AddText(node, "device_type", "pci");
        nodes.AddCells(node, "linux,pci-domain", bridge.Segment);
        nodes.AddCells(node, "bus-range", bridge.RootBus.Number, 0xFF);
        nodes.AddCells(node, "msi-map", 0, controller, 0, 0x1_0000);
        nodes.Add(node, "dma-coherent");
    }

    private int IndexOf(HostBridge bridge) => Host.HostBridges.IndexOf(bridge);

    private string PlatformFolder(HostBridge bridge) =>
        string.Create(CultureInfo.InvariantCulture, $"sys/devices/platform/{At(Ecam, EcamLength, IndexOf(bridge)):x}.pcie");
}
