using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_iommu_spapr_tce_ddw_info</c> (<c>include/uapi/linux/vfio.h</c>): dynamic DMA windows of POWER.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuSpaprTceDdwInfo
{
    public ulong pgsizes;
    public uint max_dynamic_windows_supported;
    public uint levels;
}
