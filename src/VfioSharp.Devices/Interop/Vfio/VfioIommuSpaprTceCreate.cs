using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_iommu_spapr_tce_create</c> (<c>include/uapi/linux/vfio.h</c>): makes a DMA window.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuSpaprTceCreate
{
    public uint argsz;
    public uint flags;
    public uint page_shift;
    public uint __resv1;
    public ulong window_size;
    public uint levels;
    public uint __resv2;

    /// <summary>On return where the window begins.</summary>
    public ulong start_addr;
}
