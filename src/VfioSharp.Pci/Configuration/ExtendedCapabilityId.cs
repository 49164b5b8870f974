namespace VfioSharp.Pci.Configuration;

/// <summary>The IDs of the extended capability list (PCI Code and ID Assignment Specification, chapter 3; sections are of PCIe 6.0).</summary>
public enum ExtendedCapabilityId
{
    /// <summary>Holds no registers; software skips it.</summary>
    Null = 0x00,

    /// <summary>Advanced error reporting.</summary>
    AdvancedErrorReporting = 0x01,

    /// <summary>Virtual channel.</summary>
    VirtualChannel = 0x02,

    /// <summary>Device serial number.</summary>
    DeviceSerialNumber = 0x03,

    /// <summary>Power budgeting.</summary>
    PowerBudgeting = 0x04,

    /// <summary>Root complex link declaration.</summary>
    RootComplexLinkDeclaration = 0x05,

    /// <summary>Root complex internal link control.</summary>
    RootComplexInternalLinkControl = 0x06,

    /// <summary>Which endpoints an event collector collects for.</summary>
    RootComplexEventCollector = 0x07,

    /// <summary>Multi-function virtual channel.</summary>
    MultiFunctionVirtualChannel = 0x08,

    /// <summary>Virtual channel where a multi-function one is present too.</summary>
    VirtualChannelWithMfvc = 0x09,

    /// <summary>Header of a root complex register block.</summary>
    RootComplexRegisterBlock = 0x0A,

    /// <summary>Registers of the vendor's own.</summary>
    VendorSpecific = 0x0B,

    /// <summary>Obsolete: configuration access correlation.</summary>
    ConfigurationAccessCorrelation = 0x0C,

    /// <summary>Access control services (6.12).</summary>
    AccessControlServices = 0x0D,

    /// <summary>Alternative routing-ID interpretation (6.13).</summary>
    AlternativeRoutingId = 0x0E,

    /// <summary>Address translation services.</summary>
    AddressTranslationServices = 0x0F,

    /// <summary>Single root I/O virtualization (9.3.3).</summary>
    SrIov = 0x10,

    /// <summary>Obsolete: multi-root I/O virtualization.</summary>
    MrIov = 0x11,

    /// <summary>Multicast.</summary>
    Multicast = 0x12,

    /// <summary>Page request interface.</summary>
    PageRequest = 0x13,

    /// <summary>Reserved for AMD.</summary>
    AmdReserved = 0x14,

    /// <summary>Resizable BAR.</summary>
    ResizableBar = 0x15,

    /// <summary>Dynamic power allocation.</summary>
    DynamicPowerAllocation = 0x16,

    /// <summary>TLP processing hints.</summary>
    TphRequester = 0x17,

    /// <summary>Latency tolerance reporting.</summary>
    LatencyToleranceReporting = 0x18,

    /// <summary>Physical layer at 8.0 GT/s.</summary>
    SecondaryPciExpress = 0x19,

    /// <summary>Protocol multiplexing.</summary>
    ProtocolMultiplexing = 0x1A,

    /// <summary>Process address space ID.</summary>
    ProcessAddressSpaceId = 0x1B,

    /// <summary>Obsolete: lightweight notification.</summary>
    LnRequester = 0x1C,

    /// <summary>Downstream port containment.</summary>
    DownstreamPortContainment = 0x1D,

    /// <summary>L1 power-management substates.</summary>
    L1PmSubstates = 0x1E,

    /// <summary>Precision time measurement.</summary>
    PrecisionTimeMeasurement = 0x1F,

    /// <summary>PCI Express over M-PHY.</summary>
    PcieOverMPhy = 0x20,

    /// <summary>Queue of function readiness messages.</summary>
    FrsQueueing = 0x21,

    /// <summary>Readiness time reporting.</summary>
    ReadinessTimeReporting = 0x22,

    /// <summary>Registers of a named vendor; CXL describes itself by these.</summary>
    DesignatedVendorSpecific = 0x23,

    /// <summary>Resizable BARs of virtual functions.</summary>
    VfResizableBar = 0x24,

    /// <summary>Data link feature.</summary>
    DataLinkFeature = 0x25,

    /// <summary>Physical layer at 16.0 GT/s.</summary>
    PhysicalLayer16 = 0x26,

    /// <summary>Lane margining at the receiver.</summary>
    LaneMargining = 0x27,

    /// <summary>Hierarchy ID.</summary>
    HierarchyId = 0x28,

    /// <summary>Native enclosure management.</summary>
    NativeEnclosureManagement = 0x29,

    /// <summary>Physical layer at 32.0 GT/s.</summary>
    PhysicalLayer32 = 0x2A,

    /// <summary>Alternate protocol negotiation.</summary>
    AlternateProtocol = 0x2B,

    /// <summary>System firmware intermediary.</summary>
    SystemFirmwareIntermediary = 0x2C,

    /// <summary>Shadow functions.</summary>
    ShadowFunctions = 0x2D,

    /// <summary>Data object exchange.</summary>
    DataObjectExchange = 0x2E,

    /// <summary>Device capabilities beyond those of PCI Express capability 2.</summary>
    Device3 = 0x2F,

    /// <summary>Integrity and data encryption.</summary>
    IntegrityAndDataEncryption = 0x30,

    /// <summary>Physical layer at 64.0 GT/s.</summary>
    PhysicalLayer64 = 0x31,

    /// <summary>Flit logging.</summary>
    FlitLogging = 0x32,

    /// <summary>Flit performance measurement.</summary>
    FlitPerformance = 0x33,

    /// <summary>Flit error injection.</summary>
    FlitErrorInjection = 0x34,

    /// <summary>Streamlined virtual channel.</summary>
    StreamlinedVirtualChannel = 0x35,

    /// <summary>MMIO register block locator.</summary>
    MmioRegisterBlockLocator = 0x36,

    /// <summary>NOP flit.</summary>
    NopFlit = 0x37,

    /// <summary>Scalable I/O virtualization.</summary>
    ScalableIov = 0x38,
}
