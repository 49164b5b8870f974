using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>A function whose BARs are memory, so that what is mapped of them is the host's decision and not the model's.</summary>
internal sealed class EvidenceModel(FunctionLayout layout) : EmulatedFunction(layout)
{
    public static FunctionLayout Express { get; } = new()
    {
        Identity = new(0x1234, 0x0001, new ClassCode(0x01, 0x08, 0x02), 3, 0x5678, 0x0002),
        Bars = [BarLayout.Memory64(0, 8 * Page) with { Memory = [new(0, 8 * Page)] }],
        Msix = new MsixPlacement(2, 0, 2 * Page, 0, (2 * Page) + 0x800),
        MsiVectors = 4,
    };

    public static FunctionLayout Conventional { get; } = new()
    {
        Identity = new(0x1234, 0x0003, new ClassCode(0xFF, 0, 0)),
        Bars = [BarLayout.Memory32(0, 4 * Page) with { Memory = [new(0, 4 * Page)], IsPrefetchable = true }, BarLayout.Io(1, 0x20), BarLayout.Memory32(2, Page) with { Memory = [new(0, Page)] }],
        Msix = new MsixPlacement(2, 2, 0, 2, 0x800),
        IsPciExpress = false,
    };

    private static ulong Page => (ulong)Environment.SystemPageSize;

    public static EvidenceModel Of(Planning.FunctionPlan plan) => new(plan.Model == "conventional" ? Conventional : Express);

    protected override ulong OnRead(int bar, ulong offset, int width) => 0;

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
    }
}
