using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_iova_range</c> (<c>include/uapi/linux/iommufd.h</c>): addresses that a device may use.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuIovaRange
{
    public ulong start;

    /// <summary>The last address, not the one after.</summary>
    public ulong last;
}
