using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_ioas_unmap</c> (<c>include/uapi/linux/iommufd.h</c>): takes mappings away.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasUnmap
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint ioas_id;
    public ulong iova;

    /// <summary>On return what was unmapped; <see cref="ulong.MaxValue"/> at address 0 is everything.</summary>
    public ulong length;
}
