namespace VfioSharp.Pci.Configuration;

/// <summary>The IDs of the standard capability list (PCI Code and ID Assignment Specification 1.15, chapter 2; sections are of PCIe 6.0).</summary>
public enum CapabilityId
{
    /// <summary>Holds no registers; software skips it.</summary>
    Null = 0x00,

    /// <summary>PCI power management (7.5.2).</summary>
    PowerManagement = 0x01,

    /// <summary>Accelerated Graphics Port.</summary>
    Agp = 0x02,

    /// <summary>Vital product data.</summary>
    VitalProductData = 0x03,

    /// <summary>Slot numbering of an expansion chassis.</summary>
    SlotId = 0x04,

    /// <summary>Message-signaled interrupts (7.7.1).</summary>
    Msi = 0x05,

    /// <summary>CompactPCI hot swap.</summary>
    CompactPciHotSwap = 0x06,

    /// <summary>PCI-X.</summary>
    PciX = 0x07,

    /// <summary>HyperTransport.</summary>
    HyperTransport = 0x08,

    /// <summary>Registers of the vendor's own; virtio describes itself by these.</summary>
    VendorSpecific = 0x09,

    /// <summary>Debug port.</summary>
    DebugPort = 0x0A,

    /// <summary>CompactPCI central resource control.</summary>
    CompactPciResourceControl = 0x0B,

    /// <summary>Standard hot-plug controller.</summary>
    HotPlug = 0x0C,

    /// <summary>A bridge's subsystem vendor ID and subsystem ID.</summary>
    SubsystemId = 0x0D,

    /// <summary>AGP 8x.</summary>
    Agp8x = 0x0E,

    /// <summary>Secure device; AMD's IOMMUs describe themselves by it.</summary>
    SecureDevice = 0x0F,

    /// <summary>PCI Express (7.5.3).</summary>
    PciExpress = 0x10,

    /// <summary>MSI-X (7.7.2).</summary>
    Msix = 0x11,

    /// <summary>Index and data registers of a Serial ATA controller.</summary>
    Sata = 0x12,

    /// <summary>Function-level reset for conventional functions.</summary>
    AdvancedFeatures = 0x13,

    /// <summary>Resources that are fixed, in place of BARs.</summary>
    EnhancedAllocation = 0x14,

    /// <summary>Flattening portal bridge.</summary>
    FlatteningPortalBridge = 0x15,
}
