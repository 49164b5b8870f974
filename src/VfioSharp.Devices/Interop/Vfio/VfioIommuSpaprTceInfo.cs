using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_spapr_tce_info</c> (<c>include/uapi/linux/vfio.h</c>): the default DMA window of POWER, in bus addresses.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuSpaprTceInfo
{
    public const uint VFIO_IOMMU_SPAPR_INFO_DDW = 1 << 0;

    public uint argsz;
    public uint flags;
    public uint dma32_window_start;
    public uint dma32_window_size;
    public VfioIommuSpaprTceDdwInfo ddw;
}
