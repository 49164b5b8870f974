using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop;

/// <summary><c>struct utsname</c> of uname(2): six texts of 65 bytes each, of which the project reads the machine's name.</summary>
[StructLayout(LayoutKind.Explicit, Size = 6 * FieldLength)]
internal unsafe struct UtsName
{
    public const int FieldLength = 65;

    [FieldOffset(4 * FieldLength)]
    public fixed byte machine[FieldLength];
}
