using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>struct vfio_info_cap_header</c> (<c>include/uapi/linux/vfio.h</c>): what each capability of a chain begins with.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioInfoCapHeader
{
    public ushort id;
    public ushort version;

    /// <summary>From the start of the description; 0 ends the chain.</summary>
    public uint next;
}
