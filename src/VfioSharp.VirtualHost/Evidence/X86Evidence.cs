using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>x86: one IO-APIC, chips that are called <c>IR-</c> where messages are remapped, ACPI.</summary>
/// <param name="host">The host.</param>
internal abstract class X86Evidence(VirtualHost host) : PlatformEvidence(host)
{
    /// <summary>The ID of the host's IO-APIC.</summary>
    protected const byte IoApic = 0;

    private const string Tables = "sys/firmware/acpi/tables";

    /// <inheritdoc/>
    public override string Architecture => "x86_64";

    /// <inheritdoc/>
    public override string GroupType => "DMA-FQ";

    /// <inheritdoc/>
    public override ImmutableArray<string> ReservedRegions => ["0x00000000fee00000 0x00000000feefffff msi"];

    /// <inheritdoc/>
    public override IEnumerable<(int Number, string Chip, string Action)> OtherInterrupts =>
    [
        (0, Remapped("IO-APIC"), "2-edge      timer"), (1, Remapped("IO-APIC"), "1-edge      i8042"), (4, Remapped("IO-APIC"), "4-edge      ttyS0"),
        (8, Remapped("IO-APIC"), "8-edge      rtc0"), (9, Remapped("IO-APIC"), "9-fasteoi   acpi"),
    ];

    /// <inheritdoc/>
    public override string Trigger(int vector) => string.Create(CultureInfo.InvariantCulture, $"{vector}-edge");

    /// <inheritdoc/>
    public override void WriteTo(MemoryTree tree)
    {
        base.WriteTo(tree);
        tree.AddFile($"{Tables}/FACP", new AcpiTableBuilder("FACP", 6).AddZeros(240).ToArray());
        tree.AddFile($"{Tables}/APIC", Processors());
        if (RemappingTable() is { } table)
        {
            tree.AddFile($"{Tables}/{table.Name}", table.Content);
        }
    }

    /// <inheritdoc/>
    protected override string ChipPrefix => Remapped("");

    /// <inheritdoc/>
    protected override string SharedChip => Remapped("PCI-MSI");

    /// <summary>Whether the kernel turned interrupt remapping on.</summary>
    protected abstract bool Remaps { get; }

    /// <summary>The segments that firmware's tables can name: they have 16 bits for it.</summary>
    protected IEnumerable<ushort> Segments => Host.HostBridges.Select(bridge => bridge.Segment).Where(segment => segment <= ushort.MaxValue).Distinct().Select(segment => (ushort)segment);

    /// <summary>The table that names the IOMMUs; null where there are none.</summary>
    protected abstract (string Name, byte[] Content)? RemappingTable();

    private string Remapped(string chip) => Remaps ? "IR-" + chip : chip;

    // The processors' APICs and the IO-APIC (ACPI 6.5, 5.2.12).
    private byte[] Processors()
    {
        AcpiTableBuilder table = new AcpiTableBuilder("APIC", 5).Add32(0xFEE0_0000).Add32(1);
        for (int processor = 0; processor < Host.Options.Processors; processor++)
        {
            table.Add8(0, 8, (byte)processor, (byte)processor).Add32(1);
        }

        return table.Add8(1, 12, IoApic, 0).Add32(0xFEC0_0000).Add32(0).ToArray();
    }
}
