using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.IommuFd;

/// <summary><c>struct iommu_option</c> (<c>include/uapi/linux/iommufd.h</c>): sets or gets one option.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IommuOption
{
    /// <summary>0 counts pinned memory against the user, 1 against the process as TYPE1 does.</summary>
    public const uint IOMMU_OPTION_RLIMIT_MODE = 0;
    public const uint IOMMU_OPTION_HUGE_PAGES = 1;
    public const ushort IOMMU_OPTION_OP_SET = 0;
    public const ushort IOMMU_OPTION_OP_GET = 1;

    /// <summary>The size of this structure.</summary>
    public uint size;
    public uint option_id;
    public ushort op;
    public ushort __reserved;
    public uint object_id;
    public ulong val64;
}
