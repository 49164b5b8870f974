using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct timeval</c>: a time span.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct TimeValue
{
    public nint tv_sec;
    public nint tv_usec;
}
