using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_type1_info_dma_avail</c> (<c>include/uapi/linux/vfio.h</c>): how many mappings may still be made.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuType1InfoDmaAvail
{
    public VfioInfoCapHeader header;
    public uint avail;
}
