using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_iommu_type1_dma_unmap</c> (<c>include/uapi/linux/vfio.h</c>): takes mappings away.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuType1DmaUnmap
{
    /// <summary>Everything; address and size must be 0.</summary>
    public const uint VFIO_DMA_UNMAP_FLAG_ALL = 1 << 1;

    public uint argsz;
    public uint flags;
    public ulong iova;

    /// <summary>On return what was unmapped.</summary>
    public ulong size;
}
