using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Tests.Transcripts;

/// <summary>
/// A function with plain registers on the page of its MSI-X table: 16 KiB of BAR 0 with the table of 8 entries at 0x2000, registers that are memory from
/// there to the page's end, the pending bits on the next page. Its other registers read as zero.
/// </summary>
internal sealed class SharedPage() : EmulatedFunction(new FunctionLayout
{
    Identity = new(VendorId: 0x1234, DeviceId: 0x11EA, new(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(index: 0, length: 0x4000) with { Memory = [new ByteRange(Registers, Page - (Registers % Page))] }],
    Msix = new MsixPlacement(Vectors: 8, TableBar: 0, TableOffset: 0x2000, PbaBar: 0, PbaOffset: 0x3000),
})
{
    /// <summary>The first of the registers beside the table.</summary>
    public const ulong Registers = 0x2080;

    private const ulong Page = 0x1000;

    protected override ulong OnRead(int bar, ulong offset, int width) => 0;

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
    }
}
