using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_ioas_alloc</c> (<c>include/uapi/linux/iommufd.h</c>): makes an address space.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasAlloc
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint flags;
    public uint out_ioas_id;
}
