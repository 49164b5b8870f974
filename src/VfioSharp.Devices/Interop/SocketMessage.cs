using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct msghdr</c>: what sendmsg(2) sends and recvmsg(2) receives.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct SocketMessage
{
    public nint msg_name;
    public uint msg_namelen;
    public nint msg_iov;
    public nuint msg_iovlen;
    public nint msg_control;
    public nuint msg_controllen;
    public int msg_flags;
}
