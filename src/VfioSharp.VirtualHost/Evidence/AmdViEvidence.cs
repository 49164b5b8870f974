using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>
/// AMD-Vi as <c>drivers/iommu/amd</c> shows it: a unit a segment. A real one is a PCI function too, below which its folder lies; the virtual host
/// has no such function, and its folder stands alone.
/// </summary>
/// <param name="host">The host.</param>
internal sealed class AmdViEvidence(VirtualHost host) : X86Evidence(host)
{
    private const ushort OwnId = 2; // 00:00.2, where AMD's processors have it
    private const ushort IoApicId = 0xA0;
    private const ulong FirstUnit = 0xFED8_0000;
    private const ulong UnitLength = 0x4000;
    private const ulong Features = 0x29D3;

    /// <inheritdoc/>
    public override IEnumerable<string> Parameters => Remaps ? [] : ["intremap=off"];

    /// <inheritdoc/>
    /// <remarks>Told not to remap, the kernel does not even ask AMD's driver, which therefore says nothing (irq_remapping_prepare()).</remarks>
    public override IEnumerable<string> Log => Remaps ? ["AMD-Vi: Interrupt remapping enabled"] : [];

    /// <inheritdoc/>
    public override ImmutableArray<string> ReservedRegions => [.. base.ReservedRegions, "0x000000fd00000000 0x000000ffffffffff reserved"];

    /// <inheritdoc/>
    public override IommuFolder? UnitOf(HostFunction function) => Unit(Segments.TakeWhile(segment => segment != function.Address.Segment).Count());

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        for (int index = Segments.Count() - 1; index >= 0; index--)
        {
            tree.AddFile($"{Unit(index).Folder}/amd-iommu/cap", "1f03000f\n");
            tree.AddFile($"{Unit(index).Folder}/amd-iommu/features", string.Create(CultureInfo.InvariantCulture, $"{Features:x}:0\n"));
        }
    }

    /// <inheritdoc/>
    protected override bool Remaps => !Host.Options.AdvertisedOnly;

    // AMD IOMMU specification 3.08, 5.2: a block of type 11h a segment, for every function of it; the first knows the IO-APIC.
    protected override (string Name, byte[] Content)? RemappingTable()
    {
        AcpiTableBuilder table = new AcpiTableBuilder("IVRS", 2).Add32(0x0028_0000).AddZeros(8);
        ulong address = FirstUnit;
        foreach (ushort segment in Segments)
        {
            bool isFirst = address == FirstUnit;
            table.Add8(0x11, 0).Add16((ushort)(isFirst ? 52 : 44)).Add16(OwnId).Add16(0x40).Add64(address).Add16(segment).Add16(0).Add32(0).Add64(Features).Add64(0);
            table.Add8(1, 0, 0, 0);
            if (isFirst)
            {
                table.Add8(0x48, 0, 0, 0, IoApic).Add16(IoApicId).Add8(1);
            }

            address += UnitLength;
        }

        return ("IVRS", table.ToArray());
    }

    private static IommuFolder Unit(int index) => IommuFolder.Virtual(string.Create(CultureInfo.InvariantCulture, $"ivhd{index}"));
}
