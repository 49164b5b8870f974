using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>
/// Functions that an AMD IOMMU is responsible for: one or more device entries of an IVHD block (AMD IOMMU specification 3.08, 5.2).
/// </summary>
/// <param name="First">The first requester ID.</param>
/// <param name="Last">The last requester ID.</param>
/// <param name="Alias">The ID under which the IOMMU sees the requests of all of them, or null where it sees their own.</param>
internal readonly record struct IvrsDeviceRange(RequesterId First, RequesterId Last, RequesterId? Alias)
{
    /// <summary>Whether the range holds the ID.</summary>
    public bool Contains(RequesterId id) => id.Value >= First.Value && id.Value <= Last.Value;
}
