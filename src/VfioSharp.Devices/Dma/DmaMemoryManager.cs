using System.Buffers;

namespace VfioSharp.Devices.Dma;

/// <summary>A buffer as <see cref="Memory{T}"/>. What is pinned stays in place until it is unpinned, though the buffer be disposed meanwhile.</summary>
internal sealed unsafe class DmaMemoryManager(DmaBuffer buffer, DmaMemory memory) : MemoryManager<byte>
{
    /// <inheritdoc/>
    public override Span<byte> GetSpan() => buffer.Span;

    /// <inheritdoc/>
    public override MemoryHandle Pin(int elementIndex = 0)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(elementIndex);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(elementIndex, buffer.Length);
        bool added = false;
        memory.DangerousAddRef(ref added);
        return new MemoryHandle((byte*)memory.Address + elementIndex, pinnable: this);
    }

    /// <inheritdoc/>
    public override void Unpin() => memory.DangerousRelease();

    /// <inheritdoc/>
    protected override void Dispose(bool disposing)
    {
        // The buffer owns the memory.
    }
}
