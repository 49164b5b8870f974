namespace VfioSharp.Pci.Acpi;

/// <summary>The types of device entries (AMD IOMMU specification 3.08, 5.2). Alias entries carry the ID that the IOMMU sees.</summary>
internal enum IvrsEntryType
{
    /// <summary>Every function of the segment.</summary>
    All = 1,

    /// <summary>One function.</summary>
    Select = 2,

    /// <summary>The first of a range of functions.</summary>
    RangeStart = 3,

    /// <summary>The last of a range of functions.</summary>
    RangeEnd = 4,

    /// <summary>One function that is seen under another ID.</summary>
    AliasSelect = 0x42,

    /// <summary>The first of a range of functions that are seen under another ID.</summary>
    AliasRangeStart = 0x43,

    /// <summary>One function, with extended settings.</summary>
    ExtendedSelect = 0x46,

    /// <summary>The first of a range of functions, with extended settings.</summary>
    ExtendedRangeStart = 0x47,

    /// <summary>An IO-APIC or HPET.</summary>
    Special = 0x48,

    /// <summary>A device of the ACPI name space.</summary>
    AcpiHid = 0xf0,
}
