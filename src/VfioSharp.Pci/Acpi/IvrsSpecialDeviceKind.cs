namespace VfioSharp.Pci.Acpi;

/// <summary>What a special device entry is about: its variety field (AMD IOMMU specification 3.08, 5.2).</summary>
internal enum IvrsSpecialDeviceKind
{
    /// <summary>An IO-APIC; the handle is its APIC ID.</summary>
    IoApic = 1,

    /// <summary>A timer block that sends messages; the handle is its HPET number.</summary>
    Hpet = 2,
}
