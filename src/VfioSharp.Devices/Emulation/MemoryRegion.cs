using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// A piece of memory that an emulated function can reach, however it is reached. It counts who uses it, so that it can be taken away only when
/// nobody does.
/// </summary>
/// <param name="start">Where the function sees it.</param>
/// <param name="length">In bytes, at least 1; it does not wrap.</param>
/// <param name="access">What the function may do.</param>
internal abstract class MemoryRegion(Iova start, ulong length, DmaAccess access)
{
    private const int Closed = int.MinValue;

    private readonly TaskCompletionSource unused = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int state;
    private bool finished;

    public Iova Start => start;

    public ulong Length => length;

    public ulong Last => start.Value + (length - 1);

    public DmaAccess Access => access;

    public bool Contains(ulong address) => address - start.Value < length;

    /// <summary>Keeps it from being taken away; false where it is being taken away.</summary>
    public bool TryAcquire()
    {
        if (Interlocked.Increment(ref state) > 0)
        {
            return true;
        }

        Release();
        return false;
    }

    public void Release()
    {
        if (Interlocked.Decrement(ref state) == Closed)
        {
            Finish();
        }
    }

    /// <summary>Lets nobody in any more; done when the last is out.</summary>
    public Task CloseAsync()
    {
        if (Interlocked.Or(ref state, Closed) == 0)
        {
            Finish();
        }

        return unused.Task;
    }

    /// <summary>Reads memory of it; false where it cannot be reached. It was acquired, and the bytes lie in it.</summary>
    public abstract bool TryRead(ulong offset, Span<byte> destination);

    /// <summary>Writes memory of it; false where it cannot be reached. It was acquired, and the bytes lie in it.</summary>
    public abstract bool TryWrite(ulong offset, ReadOnlySpan<byte> source);

    /// <summary>The memory itself; false where it can only be copied. It was acquired, and the bytes lie in it.</summary>
    public abstract bool TryGetMemory(ulong offset, int length, out Memory<byte> memory);

    /// <summary>Nobody uses it, and nobody will.</summary>
    protected virtual void OnClosed()
    {
    }

    // Who tries to acquire it too late counts up and down once more: only the first time counts.
    private void Finish()
    {
        if (!Interlocked.Exchange(ref finished, true))
        {
            OnClosed();
            unused.SetResult();
        }
    }
}
