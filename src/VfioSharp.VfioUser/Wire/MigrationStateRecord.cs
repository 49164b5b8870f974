using System.Runtime.InteropServices;

namespace VfioSharp.VfioUser.Wire;

/// <summary>The state of migration (<c>VFIO_DEVICE_FEATURE_MIG_DEVICE_STATE</c>).</summary>
[StructLayout(LayoutKind.Sequential)]
internal struct MigrationStateRecord
{
    /// <summary>One of <see cref="Devices.Interop.Vfio.VfioMigrationState"/>.</summary>
    public uint State;

    /// <summary>Not used: the state travels in messages.</summary>
    public uint DataDescriptor;
}
