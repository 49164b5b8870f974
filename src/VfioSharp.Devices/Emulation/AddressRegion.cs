using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>Memory that lies in this process, and stays until the region is removed.</summary>
internal unsafe class AddressRegion : MemoryRegion
{
    /// <summary>One object stands for a piece of this size and for the next, so that a lease starts in one and has room.</summary>
    private const int WindowShift = 30;

    private readonly byte* address;
    private readonly UnmanagedMemory?[] windows;

    public AddressRegion(Iova start, nint address, ulong length, DmaAccess access)
        : base(start, length, access)
    {
        this.address = (byte*)address;
        windows = new UnmanagedMemory?[((length - 1) >> WindowShift) + 1];
    }

    /// <inheritdoc/>
    public override bool TryRead(ulong offset, Span<byte> destination)
    {
        new ReadOnlySpan<byte>(address + offset, destination.Length).CopyTo(destination);
        return true;
    }

    /// <inheritdoc/>
    public override bool TryWrite(ulong offset, ReadOnlySpan<byte> source)
    {
        source.CopyTo(new Span<byte>(address + offset, source.Length));
        return true;
    }

    /// <inheritdoc/>
    public override bool TryGetMemory(ulong offset, int length, out Memory<byte> memory)
    {
        ulong window = offset >> WindowShift;
        ulong first = window << WindowShift;
        int start = (int)(offset - first);
        memory = default;
        if (length > int.MaxValue - start)
        {
            return false;
        }

        UnmanagedMemory whole = windows[window] ??= new UnmanagedMemory(address + first, (int)Math.Min(int.MaxValue, Length - first));
        memory = whole.Memory.Slice(start, length);
        return true;
    }
}
