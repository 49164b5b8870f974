namespace VfioSharp.Devices.Interop;

/// <summary>Flags of memfd_create(2) (<c>include/uapi/linux/memfd.h</c>).</summary>
internal static class MemoryFileFlags
{
    public const uint MFD_CLOEXEC = 1;
    public const uint MFD_ALLOW_SEALING = 2;
    public const uint MFD_HUGETLB = 4;
    public const uint MFD_HUGE_2MB = 21u << 26;
    public const uint MFD_HUGE_1GB = 30u << 26;
}
