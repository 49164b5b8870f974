namespace VfioSharp.Devices.Interop;

/// <summary>What to ask statx(2) and how to read its <c>stx_mode</c> (<c>include/uapi/linux/stat.h</c>, <c>fcntl.h</c>).</summary>
internal static class StatxFlags
{
    public const int AT_EMPTY_PATH = 0x1000;

    /// <summary>What the kernel knows already is enough: nobody else is asked.</summary>
    public const int AT_STATX_DONT_SYNC = 0x4000;
    public const uint STATX_TYPE = 1;
    public const uint STATX_INO = 0x100;
    public const uint STATX_SIZE = 0x200;
    public const int S_IFMT = 0xF000;
    public const int S_IFCHR = 0x2000;
    public const int S_IFDIR = 0x4000;
    public const int S_IFBLK = 0x6000;
    public const int S_IFREG = 0x8000;
    public const int S_IFSOCK = 0xC000;
}
