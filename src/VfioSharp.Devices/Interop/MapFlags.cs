namespace VfioSharp.Devices.Interop;

/// <summary>
/// How mmap(2) maps (<c>include/uapi/linux/mman.h</c>, <c>asm-generic/mman-common.h</c>); what differs by architecture is in <see
/// cref="MachineAbi"/>.
/// </summary>
internal static class MapFlags
{
    public const int MAP_SHARED = 1;
    public const int MAP_PRIVATE = 2;

    /// <summary>At that address, in place of what is there.</summary>
    public const int MAP_FIXED = 0x10;
    public const int MAP_ANONYMOUS = 0x20;
    public const int MAP_POPULATE = 0x8000;
    public const int MAP_HUGETLB = 0x40000;

    /// <summary>At that address or not at all.</summary>
    public const int MAP_FIXED_NOREPLACE = 0x100000;
    public const int MAP_HUGE_2MB = 21 << 26;
    public const int MAP_HUGE_1GB = 30 << 26;
}
