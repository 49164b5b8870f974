using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary>
/// <c>struct iommu_ioas_allow_iovas</c> (<c>include/uapi/linux/iommufd.h</c>): confines the addresses that the kernel chooses from.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasAllowIovas
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint ioas_id;
    public uint num_iovas;
    public uint __reserved;

    /// <summary>The address of an array of <see cref="IommuIovaRange"/>.</summary>
    public ulong allowed_iovas;
}
