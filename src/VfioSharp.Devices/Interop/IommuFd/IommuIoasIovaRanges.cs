using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary>
/// <c>struct iommu_ioas_iova_ranges</c> (<c>include/uapi/linux/iommufd.h</c>): asks for the addresses that an address space may use.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIoasIovaRanges
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint ioas_id;

    /// <summary>Room in the array; on return how many ranges there are.</summary>
    public uint num_iovas;
    public uint __reserved;

    /// <summary>The address of an array of <see cref="IommuIovaRange"/>.</summary>
    public ulong allowed_iovas;
    public ulong out_iova_alignment;
}
