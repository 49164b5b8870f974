namespace VfioSharp.Pci.Configuration;

/// <summary>The Access Control Services capability (PCIe 6.0, 6.12).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="Supported">What the function can do.</param>
/// <param name="Enabled">What it was told to do; never holds <see cref="AcsServices.Enhanced"/>, which has no bit of its own there.</param>
/// <param name="EgressVectorLength">How many bits the egress control vector has; 0 where there is none.</param>
public readonly record struct AcsCapability(int Offset, AcsServices Supported, AcsServices Enabled, int EgressVectorLength)
{
    private const int EnabledMask = 0x7F;

    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before its control register does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static AcsCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!configuration.TryRead16(offset + 0x04, out ushort capability) || !configuration.TryRead16(offset + 0x06, out ushort control))
        {
            return null;
        }

        var supported = (AcsServices)(capability & 0xFF);
        return new AcsCapability(offset, supported, (AcsServices)(control & EnabledMask), EgressBits(capability));
    }

    internal static int EgressBits(ushort capability) =>
        (capability & (int)AcsServices.EgressControl) == 0 ? 0
        : capability >> 8 is not 0 and int bits ? bits
        : 256;
}
