using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_spapr_tce_remove</c> (<c>include/uapi/linux/vfio.h</c>): removes the DMA window that begins at an address.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuSpaprTceRemove
{
    public uint argsz;
    public uint flags;
    public ulong start_addr;
}
