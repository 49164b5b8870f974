using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Which memory to note the writes of (<c>VFIO_DEVICE_FEATURE_DMA_LOGGING_START</c>): the <see cref="DirtyLogRange"/>s follow, none for all.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirtyLogControl
{
    public ulong PageSize;
    public uint Ranges;
    public uint Reserved;
}
