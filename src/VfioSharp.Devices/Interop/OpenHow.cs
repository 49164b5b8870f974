using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct open_how</c>, the argument of openat2(2) (<c>include/uapi/linux/openat2.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct OpenHow
{
    public ulong flags;
    public ulong mode;
    public ulong resolve;
}
