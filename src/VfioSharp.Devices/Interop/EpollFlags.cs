namespace VfioSharp.Devices.Interop;

/// <summary>What epoll(7) watches for and is told (<c>include/uapi/linux/eventpoll.h</c>).</summary>
internal static class EpollFlags
{
    public const int EPOLL_CLOEXEC = 0x80000;
    public const int EPOLL_CTL_ADD = 1;
    public const int EPOLL_CTL_DEL = 2;
    public const int EPOLL_CTL_MOD = 3;

    public const uint EPOLLIN = 1;
    public const uint EPOLLPRI = 2;
    public const uint EPOLLOUT = 4;
    public const uint EPOLLERR = 8;
    public const uint EPOLLHUP = 0x10;
    public const uint EPOLLRDHUP = 0x2000;
    public const uint EPOLLEXCLUSIVE = 1u << 28;
    public const uint EPOLLONESHOT = 1u << 30;

    /// <summary>Report a change once, not a state as long as it lasts.</summary>
    public const uint EPOLLET = 1u << 31;
}
