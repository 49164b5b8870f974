using VfioSharp.Devices.Emulation;

namespace VfioSharp.BenchServer;

/// <summary>
/// What the C client measures with. BAR 0, trapped: 0x00 keeps what is written; a write to 0x08 raises the vector that is written; 0x10 shows how many bytes
/// the process has allocated, 64 bits. BAR 2: a page of memory. BAR 4: MSI-X.
/// </summary>
internal sealed class BenchFunction() : EmulatedFunction(new FunctionLayout
{
    Identity = new(VendorId: 0x1234, DeviceId: 0x11EB, new(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(0, 0x1000), BarLayout.Memory32(2, 0x1000) with { Memory = [new(0, 0x1000)] }, BarLayout.Msix(4, Vectors)],
})
{
    private const int Vectors = 8;

    private uint kept;

    protected override ulong OnRead(int bar, ulong offset, int width) => offset switch
    {
        0x00 => kept,
        0x10 => (ulong)GC.GetTotalAllocatedBytes(precise: true),
        _ => 0,
    };

    protected override void OnWrite(int bar, ulong offset, int width, ulong value)
    {
        switch (offset)
        {
            case 0x00:
                kept = (uint)value;
                break;
            case 0x08:
                Raise((int)(value % Vectors));
                break;
            default:
                break;
        }
    }
}
