using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary>
/// <c>struct statx</c> (<c>include/uapi/linux/stat.h</c>), the fields the project reads. Unlike <c>struct stat</c> it is the same on every
/// architecture.
/// </summary>
[StructLayout(LayoutKind.Explicit, Size = 256)]
internal struct Statx
{
    [FieldOffset(0)]
    public uint stx_mask;

    [FieldOffset(4)]
    public uint stx_blksize;

    [FieldOffset(28)]
    public ushort stx_mode;

    [FieldOffset(32)]
    public ulong stx_ino;

    [FieldOffset(40)]
    public ulong stx_size;

    [FieldOffset(128)]
    public uint stx_rdev_major;

    [FieldOffset(132)]
    public uint stx_rdev_minor;

    [FieldOffset(136)]
    public uint stx_dev_major;

    [FieldOffset(140)]
    public uint stx_dev_minor;
}
