namespace VfioSharp.Devices.Dma;

/// <summary>Memory that this process and a function share. Valid until disposed: a span or reference must not be used longer.</summary>
public sealed class DmaBuffer : IDisposable
{
    internal DmaBuffer()
    {
    }

    /// <summary>Where the function sees its first byte.</summary>
    public Iova Iova => throw new NotImplementedException();

    /// <summary>Its length in bytes, as asked for.</summary>
    public long Length => throw new NotImplementedException();

    /// <summary>The memory.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    /// <exception cref="InvalidOperationException">It is longer than a span can be: take pieces by <see cref="Slice"/>.</exception>
    public Span<byte> Span => throw new NotImplementedException();

    /// <summary>The memory, for APIs that outlast a stack frame, such as <see cref="RandomAccess"/>.</summary>
    /// <inheritdoc cref="Span" path="/exception"/>
    public Memory<byte> Memory => throw new NotImplementedException();

    /// <summary>A piece of the memory.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie in the buffer.</exception>
    public Span<byte> Slice(long offset, int length) => throw new NotImplementedException();

    /// <summary>The memory as an array of <typeparamref name="T"/>, by index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The element does not lie in the buffer.</exception>
    public ref T Ref<T>(int index)
        where T : unmanaged => throw new NotImplementedException();

    /// <summary>Takes the memory away from the function, then gives it back.</summary>
    public void Dispose() => throw new NotImplementedException();
}
