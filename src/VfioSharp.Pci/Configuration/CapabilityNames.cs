using System.Globalization;

namespace VfioSharp.Pci.Configuration;

/// <summary>What people call the capabilities.</summary>
public static class CapabilityNames
{
    /// <summary>The capability's name, or its number where it has none.</summary>
    public static string Of(PciCapability capability) => capability.IsExtended
        ? Of((ExtendedCapabilityId)capability.RawId)
        : Of((CapabilityId)capability.RawId);

    /// <summary>The name of a standard capability, or its number where it has none.</summary>
    public static string Of(CapabilityId id) => id switch
    {
        CapabilityId.Null => "Null",
        CapabilityId.PowerManagement => "Power Management",
        CapabilityId.Agp => "AGP",
        CapabilityId.VitalProductData => "Vital Product Data",
        CapabilityId.SlotId => "Slot ID",
        CapabilityId.Msi => "MSI",
        CapabilityId.CompactPciHotSwap => "CompactPCI hot-swap",
        CapabilityId.PciX => "PCI-X",
        CapabilityId.HyperTransport => "HyperTransport",
        CapabilityId.VendorSpecific => "Vendor Specific",
        CapabilityId.DebugPort => "Debug port",
        CapabilityId.CompactPciResourceControl => "CompactPCI central resource control",
        CapabilityId.HotPlug => "Hot-plug controller",
        CapabilityId.SubsystemId => "Subsystem ID",
        CapabilityId.Agp8x => "AGP 8x",
        CapabilityId.SecureDevice => "Secure device",
        CapabilityId.PciExpress => "PCI Express",
        CapabilityId.Msix => "MSI-X",
        CapabilityId.Sata => "SATA HBA",
        CapabilityId.AdvancedFeatures => "PCI Advanced Features",
        CapabilityId.EnhancedAllocation => "Enhanced Allocation",
        CapabilityId.FlatteningPortalBridge => "Flattening Portal Bridge",
        _ => string.Create(CultureInfo.InvariantCulture, $"capability 0x{(int)id:x2}"),
    };

    /// <summary>The name of an extended capability, or its number where it has none.</summary>
    public static string Of(ExtendedCapabilityId id) => id switch
    {
        ExtendedCapabilityId.Null => "Null",
        ExtendedCapabilityId.AdvancedErrorReporting => "Advanced Error Reporting",
        ExtendedCapabilityId.VirtualChannel => "Virtual Channel",
        ExtendedCapabilityId.DeviceSerialNumber => "Device Serial Number",
        ExtendedCapabilityId.PowerBudgeting => "Power Budgeting",
        ExtendedCapabilityId.RootComplexLinkDeclaration => "Root Complex Link Declaration",
        ExtendedCapabilityId.RootComplexInternalLinkControl => "Root Complex Internal Link Control",
        ExtendedCapabilityId.RootComplexEventCollector => "Root Complex Event Collector Endpoint Association",
        ExtendedCapabilityId.MultiFunctionVirtualChannel => "Multi-Function Virtual Channel",
        ExtendedCapabilityId.VirtualChannelWithMfvc => "Virtual Channel (with MFVC)",
        ExtendedCapabilityId.RootComplexRegisterBlock => "Root Complex Register Block",
        ExtendedCapabilityId.VendorSpecific => "Vendor Specific",
        ExtendedCapabilityId.ConfigurationAccessCorrelation => "Configuration Access Correlation",
        ExtendedCapabilityId.AccessControlServices => "Access Control Services",
        ExtendedCapabilityId.AlternativeRoutingId => "Alternative Routing-ID Interpretation",
        ExtendedCapabilityId.AddressTranslationServices => "Address Translation Services",
        ExtendedCapabilityId.SrIov => "Single Root I/O Virtualization",
        ExtendedCapabilityId.MrIov => "Multi-Root I/O Virtualization",
        ExtendedCapabilityId.Multicast => "Multicast",
        ExtendedCapabilityId.PageRequest => "Page Request Interface",
        ExtendedCapabilityId.AmdReserved => "Reserved for AMD",
        ExtendedCapabilityId.ResizableBar => "Resizable BAR",
        ExtendedCapabilityId.DynamicPowerAllocation => "Dynamic Power Allocation",
        ExtendedCapabilityId.TphRequester => "TPH Requester",
        ExtendedCapabilityId.LatencyToleranceReporting => "Latency Tolerance Reporting",
        ExtendedCapabilityId.SecondaryPciExpress => "Secondary PCI Express",
        ExtendedCapabilityId.ProtocolMultiplexing => "Protocol Multiplexing",
        ExtendedCapabilityId.ProcessAddressSpaceId => "Process Address Space ID",
        ExtendedCapabilityId.LnRequester => "LN Requester",
        ExtendedCapabilityId.DownstreamPortContainment => "Downstream Port Containment",
        ExtendedCapabilityId.L1PmSubstates => "L1 PM Substates",
        ExtendedCapabilityId.PrecisionTimeMeasurement => "Precision Time Measurement",
        ExtendedCapabilityId.PcieOverMPhy => "PCI Express over M-PHY",
        ExtendedCapabilityId.FrsQueueing => "FRS Queueing",
        ExtendedCapabilityId.ReadinessTimeReporting => "Readiness Time Reporting",
        ExtendedCapabilityId.DesignatedVendorSpecific => "Designated Vendor Specific",
        ExtendedCapabilityId.VfResizableBar => "VF Resizable BAR",
        ExtendedCapabilityId.DataLinkFeature => "Data Link Feature",
        ExtendedCapabilityId.PhysicalLayer16 => "Physical Layer 16.0 GT/s",
        ExtendedCapabilityId.LaneMargining => "Lane Margining at the Receiver",
        ExtendedCapabilityId.HierarchyId => "Hierarchy ID",
        ExtendedCapabilityId.NativeEnclosureManagement => "Native PCIe Enclosure Management",
        ExtendedCapabilityId.PhysicalLayer32 => "Physical Layer 32.0 GT/s",
        ExtendedCapabilityId.AlternateProtocol => "Alternate Protocol",
        ExtendedCapabilityId.SystemFirmwareIntermediary => "System Firmware Intermediary",
        ExtendedCapabilityId.ShadowFunctions => "Shadow Functions",
        ExtendedCapabilityId.DataObjectExchange => "Data Object Exchange",
        ExtendedCapabilityId.Device3 => "Device 3",
        ExtendedCapabilityId.IntegrityAndDataEncryption => "Integrity and Data Encryption",
        ExtendedCapabilityId.PhysicalLayer64 => "Physical Layer 64.0 GT/s",
        ExtendedCapabilityId.FlitLogging => "Flit Logging",
        ExtendedCapabilityId.FlitPerformance => "Flit Performance Measurement",
        ExtendedCapabilityId.FlitErrorInjection => "Flit Error Injection",
        ExtendedCapabilityId.StreamlinedVirtualChannel => "Streamlined Virtual Channel",
        ExtendedCapabilityId.MmioRegisterBlockLocator => "MMIO Register Block Locator",
        ExtendedCapabilityId.NopFlit => "NOP Flit",
        ExtendedCapabilityId.ScalableIov => "Scalable I/O Virtualization",
        _ => string.Create(CultureInfo.InvariantCulture, $"extended capability 0x{(int)id:x4}"),
    };
}
