using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>One of the writes of <c>VFIO_USER_REGION_WRITE_MULTI</c>.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct WriteEntry
{
    /// <summary>The most bytes that one writes.</summary>
    public const int MaxCount = sizeof(ulong);

    public ulong Offset;
    public uint Region;
    public uint Count;

    /// <summary>The bytes, the first <see cref="Count"/> of them.</summary>
    public ulong Data;
}
