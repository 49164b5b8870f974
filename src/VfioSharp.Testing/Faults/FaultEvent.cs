using VfioSharp.Devices.Dma;

namespace VfioSharp.Testing.Faults;

/// <summary>Something that passes between a driver and a function.</summary>
/// <param name="Target">What it is.</param>
/// <param name="Address">The offset in a BAR, or the address in the function's memory.</param>
/// <param name="Length">In bytes; 0 for an interrupt.</param>
/// <param name="Bar">Of a register; -1 for others.</param>
/// <param name="Vector">Of an interrupt; -1 for others.</param>
internal readonly record struct FaultEvent(FaultTarget Target, ulong Address, int Length, int Bar = -1, int Vector = -1)
{
    public override string ToString() => Target switch
    {
        FaultTarget.RegisterRead or FaultTarget.RegisterWrite => $"{FaultText.Name(Target)} {Length} bytes at 0x{Address:x} of BAR {Bar}",
        FaultTarget.Interrupt => $"interrupt of vector {Vector}",
        _ => $"{FaultText.Name(Target)} {Length} bytes at {new Iova(Address)}",
    };
}
