using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Acpi;

/// <summary>
/// An AMD IOMMU as one IVHD block describes it (AMD IOMMU specification 3.08, 5.2). Firmware describes the same IOMMU by up to three
/// blocks.
/// </summary>
/// <param name="BlockType">10h, 11h or 40h: the block's layout; higher tells more.</param>
/// <param name="Flags">The flag byte, as it is.</param>
/// <param name="Id">The requester ID of the IOMMU itself.</param>
/// <param name="CapabilityOffset">Where its capability block lies in its configuration space.</param>
/// <param name="BaseAddress">The physical address of its registers.</param>
/// <param name="Segment">The segment of the IOMMU and of the functions it serves.</param>
/// <param name="FeatureInfo">The feature reporting field (10h) or the attributes field (11h, 40h), as it is.</param>
/// <param name="ExtendedFeatures">The image of the extended feature register, or null in a block of type 10h.</param>
/// <param name="Devices">The functions that it serves.</param>
/// <param name="SpecialDevices">The IO-APICs and timers whose messages it takes.</param>
internal sealed record IvrsUnit(
    byte BlockType,
    byte Flags,
    RequesterId Id,
    ushort CapabilityOffset,
    ulong BaseAddress,
    ushort Segment,
    uint FeatureInfo,
    ulong? ExtendedFeatures,
    IReadOnlyList<IvrsDeviceRange> Devices,
    IReadOnlyList<IvrsSpecialDevice> SpecialDevices);
