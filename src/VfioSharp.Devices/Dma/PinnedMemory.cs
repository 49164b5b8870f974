using System.Buffers;

namespace VfioSharp.Devices.Dma;

/// <summary>Memory of the caller's, pinned.</summary>
internal sealed unsafe class PinnedMemory : DmaMemory
{
    private MemoryHandle pin;

    public PinnedMemory(Memory<byte> memory)
    {
        pin = memory.Pin();
        Set((nint)pin.Pointer, (ulong)memory.Length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        pin.Dispose();
        return true;
    }
}
