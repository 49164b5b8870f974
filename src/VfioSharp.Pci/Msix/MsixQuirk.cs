using System.Globalization;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Pci.Msix;

/// <summary>
/// A function known to report its pending bit array where it is not. QEMU holds the same two corrections (<c>vfio_msix_early_setup()</c>,
/// hw/vfio/pci.c), and like there they apply only where the reported offset lies beyond the BAR, so that a later revision is believed.
/// </summary>
/// <param name="Name">What the function is called.</param>
/// <param name="VendorId">Its vendor ID.</param>
/// <param name="DeviceId">Its device ID, in the bits of <paramref name="DeviceIdMask"/>.</param>
/// <param name="DeviceIdMask">Which bits of the device ID tell.</param>
/// <param name="PbaOffset">Where its array is.</param>
internal sealed record MsixQuirk(string Name, ushort VendorId, ushort DeviceId, ushort DeviceIdMask, uint PbaOffset)
{
    private static readonly MsixQuirk[] Known =
    [
        new("Chelsio T5 virtual function", 0x1425, 0x5800, 0xFF00, 0x1000), // reports 0x8000 in a BAR of 8 KiB
        new("Baidu Kunlun virtual function", 0x1D22, 0x3685, 0xFFFF, 0xB400), // reports 0x460000 in a BAR of 64 KiB
    ];

    /// <summary>The capability as it should have been reported, with a finding where that differs.</summary>
    public static MsixCapability Correct(
        MsixCapability capability, BarSet bars, ushort vendorId, ushort deviceId, List<ConfigurationFinding> findings)
    {
        if (capability.PbaBar is < 0 or >= BarResource.RomIndex
            || bars[capability.PbaBar].Length is var length && (length == 0 || capability.PbaOffset < length))
        {
            return capability;
        }

        MsixQuirk? quirk = Array.Find(Known, known => known.VendorId == vendorId && known.DeviceId == (deviceId & known.DeviceIdMask));
        if (quirk is null)
        {
            return capability;
        }

        findings.Add(new ConfigurationFinding(capability.Offset, string.Create(CultureInfo.InvariantCulture,
            $"the PBA is reported at 0x{capability.PbaOffset:x}, beyond BAR {capability.PbaBar} (0x{length:x} bytes): PCIe 7.7.2; this {quirk.Name} has it at 0x{quirk.PbaOffset:x}, which is taken instead")));
        return capability with { PbaOffset = quirk.PbaOffset };
    }
}
