namespace VfioSharp.Devices.Interop;

/// <summary>What of <c>struct statfs</c> the project reads, and the numbers that tell file systems apart (<c>include/uapi/linux/magic.h</c>).</summary>
internal static class FileSystemStatus
{
    /// <summary>Room for the structure, whose length depends on the architecture.</summary>
    public const int MaxLength = 256;

    /// <summary>Where <c>f_type</c> stands. Its width differs, but the lower 32 bits come first on all little-endian machines.</summary>
    public const int f_type = 0;

    public const uint TMPFS_MAGIC = 0x01021994;
    public const uint HUGETLBFS_MAGIC = 0x958458f6;
}
