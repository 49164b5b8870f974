namespace VfioSharp.Pci.Configuration;

/// <summary>The MSI capability (PCIe 6.0, 7.7.1).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="IsEnabled">Whether the function signals by MSI.</param>
/// <param name="VectorsCapable">How many vectors the function asks for: a power of two, 1 to 32; 0 for a reserved value.</param>
/// <param name="VectorsEnabled">How many vectors it was given: a power of two, 1 to 32; 0 for a reserved value.</param>
/// <param name="Is64Bit">Whether the message address has 64 bits.</param>
/// <param name="HasPerVectorMasking">Whether each vector has a mask and a pending bit.</param>
public readonly record struct MsiCapability(
    int Offset, bool IsEnabled, int VectorsCapable, int VectorsEnabled, bool Is64Bit, bool HasPerVectorMasking)
{
    private const int MaxExponent = 5;

    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before its control register does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static MsiCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        return configuration.TryRead16(offset + 0x02, out ushort control)
            ? new MsiCapability(
                offset, (control & 0x0001) != 0, Vectors(control >> 1), Vectors(control >> 4), (control & 0x0080) != 0, (control & 0x0100) != 0)
            : null;
    }

    internal static int LengthOf(ushort control) =>
        ((control & 0x0080) != 0 ? 0x0E : 0x0A) + ((control & 0x0100) != 0 ? 0x0A : 0);

    private static int Vectors(int field) => (field & 7) is <= MaxExponent and int exponent ? 1 << exponent : 0;
}
