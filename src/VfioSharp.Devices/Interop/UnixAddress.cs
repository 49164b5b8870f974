using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct sockaddr_un</c>: the path of a socket, at most 107 bytes and a NUL.</summary>
[StructLayout(LayoutKind.Sequential)]
internal unsafe struct UnixAddress
{
    public const int PathLength = 108;

    public ushort sun_family;
    public fixed byte sun_path[PathLength];
}
