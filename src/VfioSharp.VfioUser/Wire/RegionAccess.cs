using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>A read or a write of a region (<c>VFIO_USER_REGION_READ</c>, <c>_WRITE</c>): the bytes follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RegionAccess
{
    public ulong Offset;
    public uint Region;
    public uint Count;
}
