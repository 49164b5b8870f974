using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>Which memory was written (<c>VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT</c>): in the reply a bitmap of 64-bit words follows.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DirtyLogReport
{
    public ulong Address;
    public ulong Length;
    public ulong PageSize;
}
