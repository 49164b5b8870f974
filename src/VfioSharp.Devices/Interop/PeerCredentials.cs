using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct ucred</c>: who was at the other end of a socket when it was connected.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct PeerCredentials
{
    public int pid;
    public uint uid;
    public uint gid;
}
