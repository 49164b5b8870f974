using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_destroy</c> (<c>include/uapi/linux/iommufd.h</c>): ends an object.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuDestroy
{
    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint id;
}
