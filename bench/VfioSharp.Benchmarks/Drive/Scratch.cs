using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Benchmarks.Drive;

/// <summary>A function of which half a BAR is memory, to be mapped, and half is trapped; both hold zeroes.</summary>
internal sealed class Scratch() : EmulatedFunction(new FunctionLayout
{
    Identity = new FunctionIdentity(0x1234, 0x11E9, new ClassCode(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(0, 0x2000) with { Memory = [new ByteRange(0, 0x1000)] }, BarLayout.Msix(2, 1)],
})
{
    public const ulong Mapped = 0x10;
    public const ulong Trapped = 0x1010;

    private ulong value;

    public void Signal() => Raise(0);

    protected override ulong OnRead(int bar, ulong offset, int width) => value;

    protected override void OnWrite(int bar, ulong offset, int width, ulong value) => this.value = 0;
}
