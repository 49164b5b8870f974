using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Interop.Vfio;

/// <summary>
/// <c>struct vfio_device_feature</c> (<c>include/uapi/linux/vfio.h</c>): one feature to ask about, get or set; its data follow.
/// </summary>
[StructLayout(LayoutKind.Sequential)]
internal struct VfioDeviceFeature
{
    public const uint VFIO_DEVICE_FEATURE_MASK = 0xFFFF;
    public const uint VFIO_DEVICE_FEATURE_GET = 1 << 16;
    public const uint VFIO_DEVICE_FEATURE_SET = 1 << 17;
    public const uint VFIO_DEVICE_FEATURE_PROBE = 1 << 18;

    /// <summary>A feature: 16 bytes of a UUID, set only.</summary>
    public const uint VFIO_DEVICE_FEATURE_PCI_VF_TOKEN = 0;

    public uint argsz;
    public uint flags;
}
