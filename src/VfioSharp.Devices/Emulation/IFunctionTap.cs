using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// Stands between an emulated function and its surroundings without either knowing: whatever passes between them passes here, to be let through,
/// altered or lost. What is memory of a BAR, and the legacy line, do not pass here. Any thread.
/// </summary>
internal interface IFunctionTap
{
    /// <summary>A register is read; <paramref name="handler"/> is what the function's author answers. One call at a time, with the writes.</summary>
    ulong Read(int bar, ulong offset, int width, Func<ulong> handler);

    /// <summary>A register is written, or a doorbell rung: then the value is 0. One call at a time, with the reads.</summary>
    void Write(int bar, ulong offset, int width, ulong value, Action<ulong> handler);

    /// <summary>The function raises a vector; <paramref name="core"/> delivers it.</summary>
    void Raise(FunctionCore core, int vector);

    /// <summary>The function reads memory, which <see cref="SystemMemory.Fetch"/> does.</summary>
    bool TryRead(SystemMemory memory, ulong address, Span<byte> destination);

    /// <summary>The function writes memory, which <see cref="SystemMemory.Store"/> does.</summary>
    bool TryWrite(SystemMemory memory, ulong address, ReadOnlySpan<byte> source);

    /// <summary>Whether the function may use memory in place, where nothing that it does there passes here.</summary>
    bool MayLease(ulong address, int length, DmaAccess access);
}
