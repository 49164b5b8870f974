using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>RISC-V by device tree: each host bridge with an IOMMU of its own, and the harts' one IMSIC.</summary>
/// <remarks>
/// Linux uses the supervisor-level files alone; a host that shares them is shown as its firmware describes those, and none of the guest files, page by page.
/// No kernel gives groups files of their own. Such a host's firmware tells that there are guest files, and there is nothing by which a kernel would tell what
/// it does with them: the audit of it says unknown, which is what can be known from outside. The virtual host, which is inside, knows better.
/// </remarks>
/// <param name="host">The host.</param>
internal sealed class RiscVEvidence(VirtualHost host) : PlatformEvidence(host)
{
    private const uint ImsicPhandle = 4;
    private const uint FirstIommuPhandle = 0x8000;
    private const ulong Ecam = 0x3000_0000;
    private const ulong EcamLength = 0x1000_0000;
    private const ulong Iommu = 0x0301_0000;
    private const ulong IommuLength = 0x1000;
    private const uint GuestIndexBits = 6; // 63 guest files a hart

    private const string Imsic = "soc/interrupt-controller@28000000";

    private bool HasGuestFiles => Host.Options.InterruptFiles != ImsicFiles.Shared;

    /// <inheritdoc/>
    public override string Architecture => "riscv64";

    /// <inheritdoc/>
    public override IEnumerable<string> Log =>
    [
        $"riscv-imsic: interrupt-controller@{ImsicLayout.Base.ToString("x", CultureInfo.InvariantCulture)}: per-CPU IDs 255 at base address 0x{ImsicLayout.Base.ToString("x16", CultureInfo.InvariantCulture)}",
    ];

    /// <inheritdoc/>
    public override string GroupType => "identity";

    /// <inheritdoc/>
    public override string FolderOf(HostBridge bridge) => $"{PlatformFolder(bridge)}/{bridge}";

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) =>
        IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"riscv-iommu@{At(Iommu, IommuLength, function.Bus.HostBridge):x}.iommu"));

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        var nodes = new DeviceTreeBuilder(tree);
        nodes.AddText("", "compatible", "riscv-virtio");
        nodes.AddText(Imsic, "compatible", "riscv,imsics");
        nodes.Add(Imsic, "msi-controller");
        nodes.AddCells(Imsic, "phandle", ImsicPhandle);
        if (HasGuestFiles)
        {
            nodes.AddCells(Imsic, "riscv,guest-index-bits", GuestIndexBits);
        }

        uint phandle = FirstIommuPhandle;
        foreach (HostBridge bridge in Host.HostBridges)
        {
            string iommu = string.Create(CultureInfo.InvariantCulture, $"soc/iommu@{At(Iommu, IommuLength, bridge):x}");
            nodes.AddText(iommu, "compatible", "riscv,iommu");
            nodes.AddCells(iommu, "#iommu-cells", 1);
            nodes.AddCells(iommu, "phandle", phandle);

            string node = string.Create(CultureInfo.InvariantCulture, $"soc/pci@{At(Ecam, EcamLength, bridge):x}");
            nodes.AddText(node, "compatible", "pci-host-ecam-generic");
            nodes.AddText(node, "device_type", "pci");
            nodes.AddCells(node, "linux,pci-domain", bridge.Segment);
            nodes.AddCells(node, "bus-range", bridge.RootBus.Number, 0xFF);
            nodes.AddCells(node, "msi-parent", ImsicPhandle);
            nodes.AddCells(node, "iommu-map", 0, phandle++, 0, 0x1_0000);
            nodes.Add(node, "dma-coherent");
            SysfsLink.Add(tree, PlatformFolder(bridge), "of_node", $"sys/firmware/devicetree/base/{node}");
        }
    }

    /// <inheritdoc/>
    /// <remarks>vfio_iommu_type1 is not built for RISC-V (drivers/vfio/Kconfig).</remarks>
    protected override string? AskingModule => "iommufd";

    /// <inheritdoc/>
    protected override string ChipPrefix => "";

    /// <inheritdoc/>
    protected override string SharedChip => "PCI-MSI";

    private ulong At(ulong first, ulong length, HostBridge bridge) => first + (length * (ulong)Host.HostBridges.IndexOf(bridge));

    private string PlatformFolder(HostBridge bridge) => string.Create(CultureInfo.InvariantCulture, $"sys/devices/platform/soc/{At(Ecam, EcamLength, bridge):x}.pci");
}
