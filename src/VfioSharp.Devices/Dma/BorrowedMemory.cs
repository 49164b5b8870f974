using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Dma;

/// <summary>Memory of the caller's that a <see cref="SafeBuffer"/> holds, kept from being given back.</summary>
internal sealed unsafe class BorrowedMemory : DmaMemory
{
    private readonly SafeBuffer buffer;

    /// <exception cref="ObjectDisposedException">The caller's buffer is closed.</exception>
    /// <exception cref="InvalidOperationException">The caller's buffer has not been given a length.</exception>
    public BorrowedMemory(SafeBuffer buffer)
    {
        this.buffer = buffer;
        ulong length = buffer.ByteLength;
        byte* start = null;
        buffer.AcquirePointer(ref start);
        Set((nint)start, length);
    }

    /// <inheritdoc/>
    protected override bool ReleaseHandle()
    {
        buffer.ReleasePointer();
        return true;
    }
}
