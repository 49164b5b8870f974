namespace VfioSharp.Pci.Configuration;

/// <summary>One entry of a capability list.</summary>
/// <param name="RawId">The ID as it stands there: 8 bits in the standard list, 16 in the extended one.</param>
/// <param name="IsExtended">Whether the entry stands in the extended list, which has IDs of its own.</param>
/// <param name="Offset">Where it lies in configuration space: 0x40 to 0xfc, or 0x100 to 0xffc.</param>
/// <param name="Version">The version in an extended capability's header; 0 in the standard list, which has none.</param>
/// <param name="Length">How many bytes it spans, header included, where its ID or its own registers tell; else null.</param>
public readonly record struct PciCapability(ushort RawId, bool IsExtended, int Offset, int Version, int? Length)
{
    /// <summary>The ID, if the entry stands in the standard list.</summary>
    public CapabilityId? Id => IsExtended ? null : (CapabilityId)RawId;

    /// <summary>The ID, if the entry stands in the extended list.</summary>
    public ExtendedCapabilityId? ExtendedId => IsExtended ? (ExtendedCapabilityId)RawId : null;

    /// <summary>What people call it: <c>MSI-X</c>; for an ID without a name, <c>capability 0x1f</c>.</summary>
    public string Name => CapabilityNames.Of(this);
}
