using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary>
/// <c>struct iommu_ioas_copy</c> (<c>include/uapi/linux/iommufd.h</c>): makes a mapping of one address space visible in another.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasCopy
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint flags;
    public uint dst_ioas_id;
    public uint src_ioas_id;
    public ulong length;
    public ulong dst_iova;
    public ulong src_iova;
}
