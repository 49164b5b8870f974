using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Memory to note the writes of.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirtyLogRange
{
    public ulong Address;
    public ulong Length;
}
