namespace VfioSharp.Devices.Emulation;

/// <summary>
/// System memory that a function holds on to while it reads or writes it in place: it is not taken away before the lease is disposed, once, which
/// the host may be waiting for. What others change meanwhile is read with <see cref="Volatile"/>.
/// </summary>
public readonly struct MemoryLease : IDisposable
{
    private readonly MemoryRegion? region;
    private readonly SystemMemory? written;
    private readonly ulong address;

    /// <summary>Takes over a region that was acquired.</summary>
    /// <param name="region">The region.</param>
    /// <param name="memory">A part of it.</param>
    /// <param name="address">Where the function sees that part.</param>
    /// <param name="written">Who is to know, once it is disposed, that it may have been written; null where it may not.</param>
    internal MemoryLease(MemoryRegion region, Memory<byte> memory, ulong address, SystemMemory? written)
    {
        this.region = region;
        this.address = address;
        this.written = written;
        Memory = memory;
    }

    /// <summary>The memory, for what outlasts a stack frame, such as <see cref="RandomAccess"/>; not to be used once the lease is disposed.</summary>
    public Memory<byte> Memory { get; }

    /// <summary>The memory; not to be used once the lease is disposed.</summary>
    public Span<byte> Span => Memory.Span;

    /// <summary>Lets go of the memory.</summary>
    public void Dispose()
    {
        written?.NoteWritten(address, (ulong)Memory.Length);
        region?.Release();
    }
}
