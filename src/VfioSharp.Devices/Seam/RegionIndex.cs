namespace VfioSharp.Devices.Seam;

/// <summary>The regions of a PCI function, in VFIO's and vfio-user's numbering (<c>include/uapi/linux/vfio.h</c>). BAR n is region n.</summary>
internal static class RegionIndex
{
    public const int Bars = 6;
    public const int Rom = 6;
    public const int Configuration = 7;
    public const int Count = 9;
}
