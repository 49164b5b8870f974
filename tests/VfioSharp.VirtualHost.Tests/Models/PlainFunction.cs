using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.VirtualHost.Tests.Models;

/// <summary>A function that keeps what is written to its register, and signals and writes to memory when a test says so.</summary>
internal sealed class PlainFunction(FunctionLayout layout) : EmulatedFunction(layout)
{
    private ulong register;

    public static FunctionLayout PciExpress { get; } = new()
    {
        Identity = new(0x1234, 0x0001, new ClassCode(0xFF, 0, 0)),
        Bars = [BarLayout.Memory64(0, 0x4000), BarLayout.Msix(2, 8)],
        MsiVectors = 4,
    };

    public static FunctionLayout Conventional { get; } = PciExpress with
    {
        Bars = [BarLayout.Memory32(0, 0x4000), BarLayout.Io(1, 0x20), BarLayout.Msix(2, 8)],
        IsPciExpress = false,
    };

    public static PlainFunction Express() => new(PciExpress);

    public void Signal(int vector) => Raise(vector);

    public bool WriteMemory(ulong address, ReadOnlySpan<byte> bytes) => Memory.TryWrite(new Iova(address), bytes);

    public bool ReadMemory(ulong address, Span<byte> bytes) => Memory.TryRead(new Iova(address), bytes);

    protected override ulong OnRead(int bar, ulong offset, int width) => register;

    protected override void OnWrite(int bar, ulong offset, int width, ulong value) => register = value;
}
