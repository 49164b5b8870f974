using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Naming;

/// <summary>What class codes are called (PCI Code and ID Assignment 1.15, chapter 1), as far as a reader needs them.</summary>
public static class ClassNames
{
    /// <summary>The name of a class code's base and sub-class.</summary>
    public static string Of(ClassCode classCode) => Of(((uint)classCode.Base << 16) | ((uint)classCode.SubClass << 8) | classCode.Interface);

    /// <summary>The name of a class code's base and sub-class.</summary>
    /// <param name="classCode">The three bytes, base class in bits 23:16.</param>
    public static string Of(uint classCode) => ((classCode >> 8) & 0xffff) switch
    {
        0x0001 => "VGA-compatible device (old)",
        0x0100 => "SCSI controller",
        0x0101 => "IDE controller",
        0x0104 => "RAID controller",
        0x0105 => "ATA controller",
        0x0106 => "SATA controller",
        0x0107 => "SAS controller",
        0x0108 => "Non-volatile memory controller",
        0x0109 => "Universal flash storage controller",
        0x0200 => "Ethernet controller",
        0x0207 => "InfiniBand controller",
        0x0208 => "Fabric controller",
        0x0300 => "VGA-compatible controller",
        0x0302 => "3D controller",
        0x0400 => "Video device",
        0x0401 => "Audio device",
        0x0403 => "High-definition audio device",
        0x0500 => "RAM",
        0x0502 => "CXL memory",
        0x0600 => "Host bridge",
        0x0601 => "ISA bridge",
        0x0604 => "PCI-to-PCI bridge",
        0x0607 => "CardBus bridge",
        0x0609 => "Semi-transparent PCI-to-PCI bridge",
        0x0700 => "Serial controller",
        0x0703 => "Modem",
        0x0780 => "Communication controller",
        0x0800 => "Interrupt controller",
        0x0801 => "DMA controller",
        0x0802 => "Timer",
        0x0803 => "Real-time clock",
        0x0805 => "SD host controller",
        0x0806 => "IOMMU",
        0x0807 => "Root complex event collector",
        0x0880 => "System peripheral",
        0x0c00 => "FireWire controller",
        0x0c03 => "USB controller",
        0x0c04 => "Fibre Channel controller",
        0x0c05 => "SMBus controller",
        0x0c07 => "IPMI interface",
        0x0d11 => "Bluetooth controller",
        0x0280 => "Network controller",
        0x1101 => "Performance counter",
        0x1180 => "Signal processing controller",
        0x1200 => "Processing accelerator",
        0x1300 => "Non-essential instrumentation",
        0xff00 => "Unassigned class",
        var code => (code >> 8) switch
        {
            0x00 => "Unclassified device",
            0x01 => "Mass storage controller",
            0x02 => "Network controller",
            0x03 => "Display controller",
            0x04 => "Multimedia controller",
            0x05 => "Memory controller",
            0x06 => "Bridge",
            0x07 => "Communication controller",
            0x08 => "System peripheral",
            0x09 => "Input device controller",
            0x0a => "Docking station",
            0x0b => "Processor",
            0x0c => "Serial bus controller",
            0x0d => "Wireless controller",
            0x0e => "Intelligent I/O controller",
            0x0f => "Satellite communication controller",
            0x10 => "Encryption controller",
            0x11 => "Signal processing controller",
            0x12 => "Processing accelerator",
            0x13 => "Non-essential instrumentation",
            _ => "Unassigned class",
        },
    };
}
