using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Msix;

/// <summary>The MSI-X capability, as the function reports it or a what-if supposes it (PCIe 6.0, 7.7.2).</summary>
/// <param name="Offset">Where it lies in configuration space.</param>
/// <param name="Vectors">How many entries the table has; a function reports 1 to 2048.</param>
/// <param name="TableBar">The BAR that holds the table (Table BIR); a function reports 0 to 7, of which 6 and 7 are reserved.</param>
/// <param name="TableOffset">The table's first byte in its BAR; a function reports a multiple of 8 below 4 GiB.</param>
/// <param name="PbaBar">The BAR that holds the pending bit array (PBA BIR), as <paramref name="TableBar"/>.</param>
/// <param name="PbaOffset">The array's first byte in its BAR, as <paramref name="TableOffset"/>.</param>
/// <param name="IsEnabled">Whether the function signals by MSI-X.</param>
/// <param name="IsFunctionMasked">Whether all vectors are masked at once.</param>
public readonly record struct MsixCapability(
    int Offset, int Vectors, int TableBar, ulong TableOffset, int PbaBar, ulong PbaOffset, bool IsEnabled = false, bool IsFunctionMasked = false)
{
    /// <summary>The most vectors a function can have.</summary>
    public const int MaxVectors = 2048;

    /// <summary>The size of a table entry in bytes.</summary>
    public const int EntryLength = 16;

    private const int PbaWordLength = 8;
    private const int VectorsPerPbaWord = 64;
    private const uint BarIndexMask = 7;

    /// <summary>The table's size in bytes.</summary>
    /// <remarks>Not meaningful where <see cref="Vectors"/> is out of its range.</remarks>
    public ulong TableLength => (ulong)Vectors * EntryLength;

    /// <summary>The pending bit array's size in bytes: a bit a vector, in units of eight bytes.</summary>
    /// <remarks>Not meaningful where <see cref="Vectors"/> is out of its range.</remarks>
    public ulong PbaLength => ((ulong)Vectors + VectorsPerPbaWord - 1) / VectorsPerPbaWord * PbaWordLength;

    /// <summary>Decodes the capability at <paramref name="offset"/>; null where the image ends before it does.</summary>
    /// <exception cref="ArgumentNullException"><paramref name="configuration"/> is null.</exception>
    public static MsixCapability? Read(ConfigurationSpace configuration, int offset)
    {
        ArgumentNullException.ThrowIfNull(configuration);
        if (!configuration.TryRead16(offset + 0x02, out ushort control)
            || !configuration.TryRead32(offset + 0x04, out uint table)
            || !configuration.TryRead32(offset + 0x08, out uint pba))
        {
            return null;
        }

        return new MsixCapability(
            offset,
            (control & 0x07FF) + 1,
            (int)(table & BarIndexMask),
            table & ~BarIndexMask,
            (int)(pba & BarIndexMask),
            pba & ~BarIndexMask,
            (control & 0x8000) != 0,
            (control & 0x4000) != 0);
    }
}
