using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Emulation;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Faults;

/// <summary>A function that tells what reached it, and does to memory what it is told, without a driver between.</summary>
internal sealed class Probe() : EmulatedFunction(new FunctionLayout
{
    Identity = new(0x1234, 0x11EB, new(0xFF, 0, 0)),
    Bars = [BarLayout.Memory64(0, 0x1000), BarLayout.Msix(2, 4)],
})
{
    public const uint Value = 0x1234_5678;

    public List<ulong> Written { get; } = [];

    public int Reads { get; private set; }

    public SystemMemory Reach => Memory;

    public void Signal(int vector) => Raise(vector);

    public static PciFunction Attach(Probe probe, string plan, out FunctionFaults faults)
    {
        faults = FunctionFaults.Inject(probe, FaultPlan.Parse(plan));
        return Loopback.Attach(probe);
    }

    /// <summary>Writes 1 to <paramref name="count"/> to its first register.</summary>
    public static void Count(Registers registers, uint count)
    {
        for (uint i = 1; i <= count; i++)
        {
            registers.Write32(0, i);
        }
    }

    protected override ulong OnRead(int bar, ulong offset, int width)
    {
        Reads++;
        return Value;
    }

    protected override void OnWrite(int bar, ulong offset, int width, ulong value) => Written.Add(value);
}
