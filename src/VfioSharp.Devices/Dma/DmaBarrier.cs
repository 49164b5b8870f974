using System.Runtime.CompilerServices;

namespace VfioSharp.Devices.Dma;

/// <summary>Orders this processor's accesses to DMA memory against its accesses to registers.</summary>
/// <remarks>
/// On x86-64 stores to ordinary memory are seen in order and before a later store to uncached memory, so only the compiler need be held back. arm64
/// promises neither: <c>dmb osh</c> is wanted (docs/adr/0007-dma-barrier.md).
/// </remarks>
public static class DmaBarrier
{
    /// <summary>Makes what was written to DMA memory visible to the function before a register is written: fill, barrier, doorbell.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void BeforeDoorbell() => throw new NotImplementedException();

    /// <summary>Keeps reads of DMA memory behind the read (of a register or a flipped bit) that said it is ready.</summary>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public static void AfterCompletion() => throw new NotImplementedException();
}
