using System.Diagnostics.CodeAnalysis;
using System.Runtime.CompilerServices;

namespace VfioSharp.Devices.Dma;

/// <summary>Memory that this process and a function share. Valid until disposed: a span or reference must not be used longer.</summary>
/// <remarks>
/// While the function is open it holds on to its buffers, so that none is unmapped because it was forgotten. When the function is closed the memory is
/// its buffer's alone: it stays readable until the buffer is disposed, or forgotten and collected.
/// </remarks>
public sealed unsafe class DmaBuffer : IDisposable
{
    private readonly DmaSpace space;
    private readonly DmaMemory memory;
    private readonly DmaAccess access;
    private readonly byte* start;

    // The length, and 0 once disposed: one comparison checks both.
    private ulong usable;
    private DmaMemoryManager? manager;

    internal DmaBuffer(DmaSpace space, DmaMemory memory, Iova iova, ulong length, DmaAccess access)
    {
        this.space = space;
        this.memory = memory;
        this.access = access;
        start = (byte*)memory.Address;
        usable = length;
        Iova = iova;
        Length = (long)length;
    }

    /// <summary>Where the function sees its first byte.</summary>
    public Iova Iova { get; }

    /// <summary>Its length in bytes, as asked for.</summary>
    public long Length { get; }

    /// <summary>The memory.</summary>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    /// <exception cref="InvalidOperationException">It is longer than a span can be: take pieces by <see cref="Slice"/>.</exception>
    public Span<byte> Span
    {
        get
        {
            ulong length = usable;
            if (length - 1 >= int.MaxValue)
            {
                ThrowNoSpan();
            }

            return new Span<byte>(start, (int)length);
        }
    }

    /// <summary>The memory, for APIs that outlast a stack frame, such as <see cref="RandomAccess"/>.</summary>
    /// <remarks>Memory that such an API has pinned stays in place until it is done; disposing the buffer takes it away from the function at once.</remarks>
    /// <inheritdoc cref="Span" path="/exception"/>
    public Memory<byte> Memory
    {
        get
        {
            if (usable - 1 >= int.MaxValue)
            {
                ThrowNoSpan();
            }

            return (manager ??= new DmaMemoryManager(this, memory)).Memory;
        }
    }

    /// <summary>What backends are shown; the file behind it is known only while it is being mapped.</summary>
    internal DmaRegion Region => new(Iova, memory.Address, memory.Length, access, null, 0);

    internal bool IsDisposed => usable == 0;

    /// <summary>Who sees it at its address.</summary>
    internal DmaSpace Space => space;

    /// <summary>A piece of the memory.</summary>
    /// <param name="offset">In bytes.</param>
    /// <param name="length">In bytes.</param>
    /// <exception cref="ArgumentOutOfRangeException">It does not lie in the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    public Span<byte> Slice(long offset, int length)
    {
        ulong available = usable;
        if (available == 0 || (ulong)offset > available || (ulong)length > available - (ulong)offset)
        {
            ThrowOutside(offset, nameof(offset), $"{length} bytes at {offset}");
        }

        return new Span<byte>(start + offset, length);
    }

    /// <summary>The memory as an array of <typeparamref name="T"/>, by index.</summary>
    /// <exception cref="ArgumentOutOfRangeException">The element does not lie in the buffer.</exception>
    /// <exception cref="ObjectDisposedException">The buffer was disposed.</exception>
    [MethodImpl(MethodImplOptions.AggressiveInlining)]
    public ref T Ref<T>(int index)
        where T : unmanaged
    {
        // A negative index becomes one beyond any buffer.
        if ((ulong)index >= usable / (ulong)sizeof(T))
        {
            ThrowOutside(index, nameof(index), typeof(T).Name);
        }

        return ref Unsafe.Add(ref *(T*)start, index);
    }

    /// <summary>Takes the memory away from the function, then gives it back.</summary>
    /// <exception cref="PciException">The backend cannot take it away: the buffer stays as it is.</exception>
    public void Dispose() => space.Release(this);

    /// <summary>Lets go of the memory, which no function must be able to reach any more.</summary>
    internal void Free()
    {
        usable = 0;
        memory.Dispose();
    }

    [DoesNotReturn]
    private void ThrowNoSpan()
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        throw new InvalidOperationException($"{Length} bytes are more than a span can hold: take pieces by {nameof(Slice)}");
    }

    [DoesNotReturn]
    private void ThrowOutside(long position, string name, string what)
    {
        ObjectDisposedException.ThrowIf(IsDisposed, this);
        throw new ArgumentOutOfRangeException(name, position, $"{what} does not lie in the {Length} bytes of the buffer");
    }
}
