namespace VfioSharp.Pci.Configuration;

/// <summary>The PCI Express capability, as far as its first two registers go (PCIe 6.0, 7.5.3).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="Version">The version of its layout, 1 or 2.</param>
/// <param name="PortType">What the function is.</param>
/// <param name="HasSlot">Whether a slot hangs on this port, rather than a soldered device or nothing.</param>
/// <param name="HasFunctionLevelReset">Whether the function can be reset by itself.</param>
public readonly record struct PciExpressCapability(
    int Offset, int Version, PciExpressPortType PortType, bool HasSlot, bool HasFunctionLevelReset)
{
    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before its first two registers do.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static PciExpressCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!configuration.TryRead16(offset + 0x02, out ushort flags) || !configuration.TryRead32(offset + 0x04, out uint device))
        {
            return null;
        }

        var portType = (PciExpressPortType)((flags >> 4) & 0xF);
        // "Slot Implemented" has a meaning in ports that lead downstream only.
        bool hasSlot = (flags & 0x0100) != 0
            && portType is PciExpressPortType.RootPort or PciExpressPortType.DownstreamPort or PciExpressPortType.PciToPciExpressBridge;
        return new PciExpressCapability(offset, flags & 0xF, portType, hasSlot, (device & 0x1000_0000) != 0);
    }
}
