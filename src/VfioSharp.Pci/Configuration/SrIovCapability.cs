using VfioSharp.Pci.Addressing;

namespace VfioSharp.Pci.Configuration;

/// <summary>The SR-IOV capability of a physical function (PCIe 6.0, 9.3.3).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="IsEnabled">Whether the virtual functions are there.</param>
/// <param name="IsMemoryEnabled">Whether they answer in memory space.</param>
/// <param name="InitialVfs">How many virtual functions there are to begin with.</param>
/// <param name="TotalVfs">How many there can be.</param>
/// <param name="NumVfs">How many were asked for.</param>
/// <param name="FirstVfOffset">What to add to the physical function's requester ID to get the first virtual function's.</param>
/// <param name="VfStride">What to add to get from one virtual function's requester ID to the next.</param>
/// <param name="VfDeviceId">The device ID of the virtual functions; their vendor ID is the physical function's.</param>
public readonly record struct SrIovCapability(
    int Offset,
    bool IsEnabled,
    bool IsMemoryEnabled,
    int InitialVfs,
    int TotalVfs,
    int NumVfs,
    ushort FirstVfOffset,
    ushort VfStride,
    ushort VfDeviceId)
{
    /// <summary>The size of the capability in bytes.</summary>
    internal const int Length = 0x40;

    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before it does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static SrIovCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!configuration.Contains(offset, Length))
        {
            return null;
        }

        ushort control = configuration.Read16(offset + 0x08);
        return new SrIovCapability(
            offset,
            (control & 0x0001) != 0,
            (control & 0x0008) != 0,
            configuration.Read16(offset + 0x0C),
            configuration.Read16(offset + 0x0E),
            configuration.Read16(offset + 0x10),
            configuration.Read16(offset + 0x14),
            configuration.Read16(offset + 0x16),
            configuration.Read16(offset + 0x1A));
    }

    /// <summary>The requester ID of a virtual function, which may lie on a later bus than the physical function's (PCIe 6.0, 9.2.1.2).</summary>
    /// <param name="physical">The physical function's requester ID.</param>
    /// <param name="index">Which virtual function, from 0.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is negative.</exception>
    public RequesterId RequesterIdOf(RequesterId physical, int index)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        return new RequesterId(unchecked((ushort)(physical.Value + FirstVfOffset + (long)index * VfStride)));
    }
}
