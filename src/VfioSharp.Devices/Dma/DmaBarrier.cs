using System.Runtime.CompilerServices;

namespace VfioSharp.Devices.Dma;

/// <summary>Orders this processor's accesses to DMA memory against its accesses to registers.</summary>
/// <remarks>
/// On x86-64 neither is an instruction: the processor keeps that order by itself, and only the compiler is held back. On arm64 they are
/// <c>dmb ish</c> and <c>dmb ishld</c>; what that rests on, and what was not measured, is in docs/adr/0007-dma-barrier.md.
/// </remarks>
public static class DmaBarrier
{
    /// <summary>
    /// Makes what was read from and written to DMA memory happen before a register is written: fill, barrier, doorbell. A register that is
    /// <em>read</em> next may still be read first.
    /// </summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BeforeDoorbell() => Volatile.WriteBarrier();

    /// <summary>Keeps reads of DMA memory behind the read (of a register or a flipped bit) that said it is ready.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AfterCompletion() => Volatile.ReadBarrier();
}
