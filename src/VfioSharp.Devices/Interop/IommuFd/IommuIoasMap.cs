using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_ioas_map</c> (<c>include/uapi/linux/iommufd.h</c>): makes memory of the process visible to devices.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasMap
{
    public const uint IOMMU_IOAS_MAP_FIXED_IOVA = 1 << 0;
    public const uint IOMMU_IOAS_MAP_WRITEABLE = 1 << 1;
    public const uint IOMMU_IOAS_MAP_READABLE = 1 << 2;

    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint flags;
    public uint ioas_id;
    public uint __reserved;
    public ulong user_va;
    public ulong length;

    /// <summary>Where the kernel chooses it, what it chose.</summary>
    public ulong iova;
}
