namespace VfioSharp.Devices.Interop;

/// <summary>Numbers of socket(2), sendmsg(2), recvmsg(2) and their like (<c>bits/socket.h</c>, <c>asm-generic/socket.h</c>).</summary>
internal static class SocketFlags
{
    public const int AF_UNIX = 1;
    public const int SOCK_STREAM = 1;
    public const int SOCK_CLOEXEC = 0x80000;
    public const int SOCK_NONBLOCK = 0x800;

    public const int SOL_SOCKET = 1;
    public const int SO_TYPE = 3;
    public const int SO_LINGER = 13;
    public const int SO_ACCEPTCONN = 30;
    public const int SO_DOMAIN = 39;

    public const int SHUT_RDWR = 2;

    public const int MSG_DONTWAIT = 0x40;
    public const int MSG_NOSIGNAL = 0x4000;
    public const int MSG_CTRUNC = 8;
    public const int MSG_CMSG_CLOEXEC = 0x40000000;

    /// <summary>Descriptors that come along with bytes (unix(7)).</summary>
    public const int SCM_RIGHTS = 1;
}
