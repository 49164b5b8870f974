using System.Buffers;

namespace VfioSharp.Devices.Emulation;

/// <summary>Memory outside the heap as <see cref="Memory{T}"/>. Whoever hands it out sees to it that the memory is there while it is used.</summary>
internal sealed unsafe class UnmanagedMemory(byte* address, int length) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Span<byte> GetSpan() => new(address, length);

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, length);
        return new MemoryHandle(address + elementIndex);
    }

    /// <inheritdoc/>
    public override void Unpin()
    {
    }

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
    }
}
