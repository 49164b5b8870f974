using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct rlimit</c> of getrlimit(2).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct ResourceLimit
{
    /// <summary>What holds; the process may raise it as far as the next.</summary>
    public ulong rlim_cur;
    public ulong rlim_max;
}
