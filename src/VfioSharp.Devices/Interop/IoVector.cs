using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct iovec</c>: a piece of memory of some process.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct IoVector
{
    public nint iov_base;
    public nuint iov_len;
}
