using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Registers that can be written through descriptors (<c>VFIO_USER_DEVICE_GET_REGION_IO_FDS</c>): in the reply as many <see cref="SubRegion"/> follow.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct RegionIoFds
{
    public uint ArgumentSize;
    public uint Flags;
    public uint Index;
    public uint Count;
}
