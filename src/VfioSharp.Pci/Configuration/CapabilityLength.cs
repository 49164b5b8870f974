namespace VfioSharp.Pci.Configuration;

/// <summary>How many bytes a capability spans, where that can be told. Anything else is left at null rather than guessed.</summary>
internal static class CapabilityLength
{
    public static int? OfStandard(ConfigurationSpace configuration, CapabilityId id, int offset) => id switch
    {
        CapabilityId.PowerManagement => 0x08,
        CapabilityId.VitalProductData => 0x08,
        CapabilityId.SlotId => 0x04,
        CapabilityId.Msi => configuration.TryRead16(offset + 2, out ushort control) ? MsiCapability.LengthOf(control) : null,
        CapabilityId.VendorSpecific => configuration.TryRead8(offset + 2, out byte length) ? length : null,
        CapabilityId.SubsystemId => 0x08,
        // Version 1 left out the registers that a port type has no use for.
        CapabilityId.PciExpress => configuration.TryRead16(offset + 2, out ushort flags) && (flags & 0xF) >= 2 ? 0x3C : null,
        CapabilityId.Msix => 0x0C,
        CapabilityId.AdvancedFeatures => 0x06,
        _ => null,
    };

    public static int? OfExtended(ConfigurationSpace configuration, ExtendedCapabilityId id, int offset) => id switch
    {
        ExtendedCapabilityId.DeviceSerialNumber => 0x0C,
        ExtendedCapabilityId.VendorSpecific => HeaderField(configuration, offset),
        ExtendedCapabilityId.AccessControlServices => configuration.TryRead16(offset + 4, out ushort capability)
            ? 0x08 + ((AcsCapability.EgressBits(capability) + 31) / 32 * 4)
            : null,
        ExtendedCapabilityId.AlternativeRoutingId => 0x08,
        ExtendedCapabilityId.AddressTranslationServices => 0x08,
        ExtendedCapabilityId.SrIov => SrIovCapability.Length,
        ExtendedCapabilityId.PageRequest => 0x10,
        ExtendedCapabilityId.LatencyToleranceReporting => 0x08,
        ExtendedCapabilityId.ProcessAddressSpaceId => 0x08,
        ExtendedCapabilityId.PrecisionTimeMeasurement => 0x0C,
        ExtendedCapabilityId.DesignatedVendorSpecific => HeaderField(configuration, offset),
        _ => null,
    };

    // Both kinds of vendor capability hold their length in bits 31:20 of the dword after the header.
    private static int? HeaderField(ConfigurationSpace configuration, int offset) =>
        configuration.TryRead32(offset + 4, out uint header) ? (int)(header >> 20) : null;
}
