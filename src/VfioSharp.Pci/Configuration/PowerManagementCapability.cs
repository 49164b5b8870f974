namespace VfioSharp.Pci.Configuration;

/// <summary>The Power Management capability (PCIe 6.0, 7.5.2).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="Version">The version of its layout; 3 in PCI Express functions.</param>
/// <param name="State">The power state the function is in.</param>
/// <param name="NoSoftReset">Whether the function keeps its state on the way from D3hot to D0.</param>
public readonly record struct PowerManagementCapability(int Offset, int Version, PowerState State, bool NoSoftReset)
{
    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before its control register does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static PowerManagementCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.TryRead16(offset + 0x02, out ushort capabilities) && configuration.TryRead16(offset + 0x04, out ushort control)
            ? new PowerManagementCapability(offset, capabilities & 7, (PowerState)(control & 3), (control & 0x0008) != 0)
            : null;
    }
}
