namespace VfioSharp.Devices.Interop;

/// <summary>
/// The error numbers of the Linux ABI that the project names (<c>include/uapi/asm-generic/errno-base.h</c>, <c>errno.h</c>).
/// </summary>
internal enum Errno
{
    None = 0,
    EPERM = 1,
    ENOENT = 2,
    EINTR = 4,
    EIO = 5,
    EAGAIN = 11,
    EACCES = 13,
    ENOTDIR = 20,
    EISDIR = 21,
    EINVAL = 22,
    EFBIG = 27,
    EPIPE = 32,
    ENAMETOOLONG = 36,
    ENOSYS = 38,
    ELOOP = 40,
}
