using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Seam;

/// <summary>
/// What vfio-pci keeps of a function from whoever drives it: the MSI-X table, and the capabilities that its own interrupt calls program
/// (<c>vfio_pci_bar_rw()</c>, drivers/vfio/pci/vfio_pci_rdwr.c; vfio_pci_config.c). Backends without a kernel do the same here.
/// </summary>
/// <param name="tableBar">The BAR that holds the table; -1 where there is none.</param>
/// <param name="table">Its bytes in it.</param>
/// <param name="msix">Where the MSI-X capability lies in configuration space; 0 where there is none.</param>
/// <param name="msi">Where the MSI capability lies; 0 where there is none.</param>
/// <param name="msiLength">How long it is.</param>
internal readonly struct HostOwned(int tableBar, ByteRange table, int msix, int msi, int msiLength = ConfigurationImage.MsiLength)
{
    /// <summary>What the host owns of a function, by its configuration space.</summary>
    /// <param name="configuration">Its configuration space.</param>
    public static HostOwned Of(ConfigurationSpace configuration)
    {
        PciCapability? msi = configuration.Capabilities.Find(CapabilityId.Msi);
        return configuration.Capabilities.Msix is { } msix
            ? new HostOwned(msix.TableBar, new ByteRange(msix.TableOffset, msix.TableLength), msix.Offset, msi?.Offset ?? 0, msi?.Length ?? 0)
            : new HostOwned(-1, default, 0, msi?.Offset ?? 0, msi?.Length ?? 0);
    }

    /// <summary>Shows the table to nobody: all ones in its place.</summary>
    public void Hide(int region, ulong offset, Span<byte> data)
    {
        ByteRange hidden = PartOfTable(region, offset, data.Length);
        if (!hidden.IsEmpty)
        {
            data.Slice((int)(hidden.Offset - offset), (int)hidden.Length).Fill(byte.MaxValue);
        }
    }

    /// <summary>What of an access to a region touches the table.</summary>
    public ByteRange PartOfTable(int region, ulong offset, int length) =>
        region == tableBar ? table.Intersect(new ByteRange(offset, (ulong)length)) : default;

    /// <summary>Whether a write to configuration space touches what the host programs.</summary>
    public bool IsProgrammed(int offset, int length) =>
        Overlaps(msix, ConfigurationImage.MsixLength, offset, length) || Overlaps(msi, msiLength, offset, length);

    /// <summary>Puts in the place of what the host programs what it reads as.</summary>
    /// <param name="offset">Where the bytes are to be written in configuration space.</param>
    /// <param name="data">The bytes.</param>
    /// <param name="current">What reads there now.</param>
    public void Keep(int offset, Span<byte> data, ReadOnlySpan<byte> current)
    {
        for (int i = 0; i < data.Length; i++)
        {
            if (IsProgrammed(offset + i, 1))
            {
                data[i] = current[i];
            }
        }
    }

    private static bool Overlaps(int capability, int capabilityLength, int offset, int length) =>
        capability != 0 && offset < capability + capabilityLength && capability < offset + length;
}
