using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Memory to be shown to the function (<c>VFIO_USER_DMA_MAP</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DmaMapRequest
{
    public uint ArgumentSize;

    /// <summary>Of <see cref="Devices.Dma.DmaAccess"/>: bit 0 readable, bit 1 writable.</summary>
    public uint Flags;

    /// <summary>In the file whose descriptor comes along.</summary>
    public ulong Offset;
    public ulong Address;
    public ulong Size;
}
