using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct __user_cap_header_struct</c> of capget(2) (<c>include/uapi/linux/capability.h</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CapabilityHeader
{
    public uint version;
    public int pid;
}
