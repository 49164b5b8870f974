using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>A read or a write of memory that the function was shown without a descriptor (<c>VFIO_USER_DMA_READ</c>, <c>_WRITE</c>): the bytes follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MemoryAccess
{
    public ulong Address;
    public ulong Count;
}
