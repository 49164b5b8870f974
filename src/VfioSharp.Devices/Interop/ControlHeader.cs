using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct cmsghdr</c>: the head of what comes beside the bytes of a message; its data follow, the next head is aligned to 8 bytes.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ControlHeader
{
    public nuint cmsg_len;
    public int cmsg_level;
    public int cmsg_type;
}
