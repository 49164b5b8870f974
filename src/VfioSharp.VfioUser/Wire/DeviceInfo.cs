using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>What a function is made of (<c>VFIO_USER_DEVICE_GET_INFO</c>); <c>struct vfio_device_info</c> without what came after it.</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct DeviceInfo
{
    public uint ArgumentSize;
    public uint Flags;
    public uint Regions;

    /// <summary>How many ways of interrupting.</summary>
    public uint Interrupts;
}
