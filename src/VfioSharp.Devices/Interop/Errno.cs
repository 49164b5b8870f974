namespace VfioSharp.Devices.Interop;

/// <summary>The error numbers of the Linux ABI that the project names (<c>include/uapi/asm-generic/errno-base.h</c>).</summary>
internal enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EAGAIN = 11,
    EACCES = 13,
    ENOTDIR = 20,
    EINVAL = 22,
    EPIPE = 32,
}
