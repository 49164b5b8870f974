namespace VfioSharp.Devices.Regions;

/// <summary>What a region beyond those of PCI is (<c>VFIO_REGION_INFO_CAP_TYPE</c>).</summary>
/// <param name="Type">Who defined it: <c>VFIO_REGION_TYPE_*</c>, or a vendor by <c>VFIO_REGION_TYPE_PCI_VENDOR_TYPE</c>.</param>
/// <param name="Subtype">Which of theirs.</param>
internal readonly record struct RegionType(uint Type, uint Subtype);
