using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct __user_cap_data_struct</c> of capget(2): 32 capabilities' worth; version 3 gives two of them.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct CapabilityData
{
    public uint effective;
    public uint permitted;
    public uint inheritable;
}
