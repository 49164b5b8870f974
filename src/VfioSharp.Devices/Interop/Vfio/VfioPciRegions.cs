namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>The regions of a PCI function (<c>include/uapi/linux/vfio.h</c>).</summary>
internal static class VfioPciRegions
{
    public const uint VFIO_PCI_BAR0_REGION_INDEX = 0;
    public const uint VFIO_PCI_BAR1_REGION_INDEX = 1;
    public const uint VFIO_PCI_BAR2_REGION_INDEX = 2;
    public const uint VFIO_PCI_BAR3_REGION_INDEX = 3;
    public const uint VFIO_PCI_BAR4_REGION_INDEX = 4;
    public const uint VFIO_PCI_BAR5_REGION_INDEX = 5;
    public const uint VFIO_PCI_ROM_REGION_INDEX = 6;
    public const uint VFIO_PCI_CONFIG_REGION_INDEX = 7;
    public const uint VFIO_PCI_VGA_REGION_INDEX = 8;

    /// <summary>Regions from here on are defined by a capability of their own.</summary>
    public const uint VFIO_PCI_NUM_REGIONS = 9;
}
