using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_iommu_type1_dma_map</c> (<c>include/uapi/linux/vfio.h</c>): makes memory of the process visible to devices.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioIommuType1DmaMap
{
    /// <summary>The device may read.</summary>
    public const uint VFIO_DMA_MAP_FLAG_READ = 1 << 0;

    /// <summary>The device may write.</summary>
    public const uint VFIO_DMA_MAP_FLAG_WRITE = 1 << 1;

    public uint argsz;
    public uint flags;
    public ulong vaddr;
    public ulong iova;
    public ulong size;
}
