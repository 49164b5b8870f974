namespace VfioSharp.Devices.Emulation;

/// <summary>
/// What a function meets on its bus beyond the memory that its client shows it: a host's interrupt window and, where nothing translates for the
/// function, the host's own memory. Any thread.
/// </summary>
internal interface IBusMemory
{
    /// <summary>Whether the host keeps the function from all memory, as hardware does that punishes faults.</summary>
    bool IsStopped { get; }

    /// <summary>Reads; false where nothing answers.</summary>
    bool TryRead(ulong address, Span<byte> destination);

    /// <summary>Writes; false where nothing takes it.</summary>
    bool TryWrite(ulong address, ReadOnlySpan<byte> source);
}
