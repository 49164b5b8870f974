using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Tests.Mapping;

namespace VfioSharp.Pci.Tests.Msix;

/// <summary>A layout of a real device, as its capability and its BARs would show it.</summary>
internal sealed record MsixLayoutRow(string Device, BarSet Bars, MsixCapability Capability)
{
    public static IReadOnlyList<MsixLayoutRow> All { get; } = [.. RealLayout.All.Select(layout => new MsixLayoutRow(
        layout.Device,
        BarSet.Of([.. layout.Bars.Select(bar => BarResource.OfLength(bar.Key, bar.Value))]),
        new MsixCapability(0, layout.Vectors, layout.TableBar, layout.TableOffset, layout.PbaBar, layout.PbaOffset)))];
}
