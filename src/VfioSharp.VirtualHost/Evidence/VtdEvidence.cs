using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>Intel VT-d as <c>drivers/iommu/intel</c> shows it: a unit a segment, each for all functions of it.</summary>
/// <param name="host">The host.</param>
internal sealed class VtdEvidence(VirtualHost host) : X86Evidence(host)
{
    private const ulong FirstUnit = 0xFED9_0000;
    private const ulong UnitLength = 0x1000;

    // CAP_REG and ECAP_REG of QEMU's unit, which can remap interrupts (ECAP_REG.IR, VT-d 4.1, 11.4.3).
    private const string Capability = "80d2008c222f0606";
    private const string ExtendedCapability = "f00f4a";

    /// <inheritdoc/>
    public override IEnumerable<string> Parameters
    {
        get
        {
            yield return "intel_iommu=on";
            string[] words = [.. Host.Options.AdvertisedOnly ? (string[])["off"] : [], .. Host.Options.ChecksSources ? (string[])[] : ["nosid"]];
            if (words.Length > 0)
            {
                yield return "intremap=" + string.Join(',', words);
            }
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<string> Log
    {
        get
        {
            yield return "DMAR: IOMMU enabled";
            yield return "DMAR: Host address width 48";
            foreach ((ushort segment, int index) in Segments.Select((segment, index) => (segment, index)))
            {
                yield return string.Create(CultureInfo.InvariantCulture, $"DMAR: DRHD base: 0x{FirstUnit + (UnitLength * (ulong)index):x14} flags: 0x1");
                yield return string.Create(CultureInfo.InvariantCulture,
                    $"DMAR: dmar{index}: reg_base_addr {FirstUnit + (UnitLength * (ulong)index):x} ver 1:0 cap {Capability} ecap {ExtendedCapability}");
            }

            if (Remaps)
            {
                if (Host.Options.AllowsCompatibilityFormat)
                {
                    // iommu_enable_irq_remapping(), where GSTS_REG.CFIS stays set; a warning of two lines.
                    yield return "Compatibility-format IRQs enabled despite intr remapping;";
                    yield return "you are vulnerable to IRQ injection.";
                }

                // Processors have 8-bit IDs, so that the kernel needs no extended mode.
                yield return "DMAR-IR: Enabled IRQ remapping in xapic mode";
            }
        }
    }

    /// <inheritdoc/>
    public override IEnumerable<(int Number, string Chip, string Action)> OtherInterrupts =>
        [.. base.OtherInterrupts, (24, "DMAR-MSI", "0-edge      dmar0")];

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) =>
        IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"dmar{Segments.TakeWhile(segment => segment != function.Address.Segment).Count()}"));

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        for (int index = Segments.Count() - 1; index >= 0; index--)
        {
            string folder = $"{IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"dmar{index}")).Folder}/intel-iommu";
            tree.AddFile($"{folder}/cap", Capability + "\n");
            tree.AddFile($"{folder}/ecap", ExtendedCapability + "\n");
            tree.AddFile($"{folder}/version", "1:0\n");
            tree.AddFile($"{folder}/address", string.Create(CultureInfo.InvariantCulture, $"{FirstUnit + (UnitLength * (ulong)index):x}\n"));
        }
    }

    /// <inheritdoc/>
    protected override bool Remaps => !Host.Options.AdvertisedOnly;

    // VT-d 4.1, chapter 8. That the platform can remap does not depend on what its kernel was told.
    protected override (string Name, byte[] Content)? RemappingTable()
    {
        AcpiTableBuilder table = new AcpiTableBuilder("DMAR", 1).Add8(47, 1).AddZeros(10);
        ulong address = FirstUnit;
        foreach (ushort segment in Segments)
        {
            bool isFirst = address == FirstUnit;
            table.Add16(0).Add16((ushort)(isFirst ? 24 : 16)).Add8(1, 0).Add16(segment).Add64(address);
            if (isFirst)
            {
                table.Add8(3, 8, 0, 0, IoApic, 0xFF, 0, 0);
            }

            address += UnitLength;
        }

        return ("DMAR", table.ToArray());
    }
}
