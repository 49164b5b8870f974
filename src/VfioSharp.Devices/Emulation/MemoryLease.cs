namespace VfioSharp.Devices.Emulation;

/// <summary>
/// System memory that a function holds on to while it reads or writes it in place: it is not taken away before the lease is disposed, once, which
/// the host may be waiting for. What others change meanwhile is read with <see cref="Volatile"/>.
/// </summary>
public readonly struct MemoryLease : IDisposable
{
    private readonly MemoryRegion? region;

    internal MemoryLease(MemoryRegion region, Memory<byte> memory)
    {
        this.region = region;
        Memory = memory;
    }

    /// <summary>The memory, for what outlasts a stack frame, such as <see cref="RandomAccess"/>; not to be used once the lease is disposed.</summary>
    public Memory<byte> Memory { get; }

    /// <summary>The memory; not to be used once the lease is disposed.</summary>
    public Span<byte> Span => Memory.Span;

    /// <summary>Lets go of the memory.</summary>
    public void Dispose() => region?.Release();
}
