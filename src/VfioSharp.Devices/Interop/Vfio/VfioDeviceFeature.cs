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

    /// <summary>A feature: which states of migration there are, 64 bits of VFIO_MIGRATION_*, get only.</summary>
    public const uint VFIO_DEVICE_FEATURE_MIGRATION = 1;

    /// <summary>A feature: the state of migration, one of <see cref="VfioMigrationState"/>.</summary>
    public const uint VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE = 2;

    /// <summary>Features: start noting which memory the device writes, stop, and tell.</summary>
    public const uint VFIO_DEVICE_FEATURE_DMA_LOGGING_START = 6;
    public const uint VFIO_DEVICE_FEATURE_DMA_LOGGING_STOP = 7;
    public const uint VFIO_DEVICE_FEATURE_DMA_LOGGING_REPORT = 8;

    public const uint VFIO_MIGRATION_STOP_COPY = 1 << 0;

    public uint argsz;
    public uint flags;
}
