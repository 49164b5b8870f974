namespace VfioSharp.Pci.Configuration;

/// <summary>The Alternative Routing-ID Interpretation capability (PCIe 6.0, 6.13).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="NextFunction">The number of the device's next function, 1 to 255; 0 in the last one.</param>
/// <param name="FunctionGroup">The group the function was put into, 0 to 7.</param>
/// <param name="HasAcsGroups">Whether access control can tell function groups apart.</param>
/// <param name="AcsGroupsEnabled">Whether it does.</param>
public readonly record struct AriCapability(int Offset, byte NextFunction, int FunctionGroup, bool HasAcsGroups, bool AcsGroupsEnabled)
{
    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before it does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static AriCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.TryRead16(offset + 0x04, out ushort capability) && configuration.TryRead16(offset + 0x06, out ushort control)
            ? new AriCapability(offset, (byte)(capability >> 8), (control >> 4) & 7, (capability & 0x0002) != 0, (control & 0x0002) != 0)
            : null;
    }
}
