namespace VfioSharp.Devices.Interop;

/// <summary>What fcntl(2) and flock(2) are asked, and the seals of a memory file (<c>include/uapi/linux/fcntl.h</c>).</summary>
internal static class FileControl
{
    public const int F_SETFD = 2;
    public const int FD_CLOEXEC = 1;
    public const int F_GETFL = 3;
    public const int F_SETFL = 4;
    public const int F_DUPFD_CLOEXEC = 1030;
    public const int F_ADD_SEALS = 1033;
    public const int F_GET_SEALS = 1034;

    public const int LOCK_EX = 2;

    /// <summary>EAGAIN instead of waiting.</summary>
    public const int LOCK_NB = 4;

    /// <summary>No further seals.</summary>
    public const int F_SEAL_SEAL = 1;
    public const int F_SEAL_SHRINK = 2;
    public const int F_SEAL_GROW = 4;
    public const int F_SEAL_WRITE = 8;

    /// <summary>No new writable mapping; those that exist stay.</summary>
    public const int F_SEAL_FUTURE_WRITE = 0x10;
}
