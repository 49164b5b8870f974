using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Demo;

/// <summary>
/// What the patches of 2017 were written for: a function whose doorbells share a page with its MSI-X table. BAR 0 has the table of 8 entries at 0,
/// doorbells that are memory from 0x80 to the page's end, and the pending bits on the next page.
/// </summary>
internal sealed class DoorbellFunction() : EmulatedFunction(new FunctionLayout
{
    Identity = new(VendorId: 0x1234, DeviceId: 0x11EC, new(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(index: 0, length: 0x2000) with { Memory = [new ByteRange(Doorbell, 0x1000 - Doorbell)] }],
    Msix = new MsixPlacement(Vectors: 8, TableBar: 0, TableOffset: 0, PbaBar: 0, PbaOffset: 0x1000),
})
{
    /// <summary>The first doorbell.</summary>
    public const ulong Doorbell = 0x80;

    /// <summary>What the function finds at its first doorbell.</summary>
    public uint Rung => MemoryOf(0, new ByteRange(Doorbell, 8)).Read32(0);

    protected override ulong OnRead(int bar, ulong offset, int width) => 0;

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
    }
}
