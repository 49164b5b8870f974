namespace VfioSharp.Pci.Acpi;

/// <summary>What a device scope names (VT-d 4.1, 8.3.1).</summary>
internal enum DmarScopeType
{
    /// <summary>One PCI function.</summary>
    Endpoint = 1,

    /// <summary>A PCI bridge and all functions below it.</summary>
    SubHierarchy = 2,

    /// <summary>An IO-APIC: the enumeration ID is its APIC ID, the path the source ID of its interrupt requests.</summary>
    IoApic = 3,

    /// <summary>A timer block that sends messages: the enumeration ID is its HPET number.</summary>
    Hpet = 4,

    /// <summary>A device of the ACPI name space that is no PCI function.</summary>
    NamespaceDevice = 5,
}
