namespace VfioSharp.Devices.Interop.Vfio;

/// <summary><c>enum vfio_device_mig_state</c> (<c>include/uapi/linux/vfio.h</c>): where a device stands between one host and another.</summary>
internal enum VfioMigrationState : uint
{
    /// <summary>It has failed and must be reset.</summary>
    VFIO_DEVICE_STATE_ERROR = 0,

    /// <summary>It changes nothing, neither in itself nor in memory.</summary>
    VFIO_DEVICE_STATE_STOP = 1,
    VFIO_DEVICE_STATE_RUNNING = 2,

    /// <summary>Stopped, its state can be read.</summary>
    VFIO_DEVICE_STATE_STOP_COPY = 3,

    /// <summary>Stopped, a state is being written to it.</summary>
    VFIO_DEVICE_STATE_RESUMING = 4,
    VFIO_DEVICE_STATE_RUNNING_P2P = 5,
    VFIO_DEVICE_STATE_PRE_COPY = 6,
    VFIO_DEVICE_STATE_PRE_COPY_P2P = 7,
}
