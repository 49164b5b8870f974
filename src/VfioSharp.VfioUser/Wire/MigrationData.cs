using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>A piece of a function's state (<c>VFIO_USER_MIG_DATA_READ</c>, <c>_WRITE</c>): the bytes follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MigrationData
{
    public uint ArgumentSize;
    public uint Size;
}
