namespace VfioSharp.Devices.Interrupts;

/// <summary>One interrupt of a function, to be awaited.</summary>
/// <remarks>One waiter at a time. A signal that comes while nobody waits is kept; several are one.</remarks>
public sealed class InterruptVector
{
    internal InterruptVector(InterruptSet set, int index)
    {
        Index = index;
        _ = set;
    }

    /// <summary>Which vector, from 0.</summary>
    public int Index { get; }

    /// <summary>
    /// Run continuations of <see cref="WaitAsync"/> on the event loop's thread, at once, instead of through the thread pool: some 2–3 µs instead of 10.
    /// What runs there must not block: it delays every other interrupt of the loop.
    /// </summary>
    public bool ContinueInline { get; set; }

    /// <summary>Whether the host keeps the vector back.</summary>
    public bool IsMasked => throw new NotImplementedException();

    /// <summary>Waits until the vector has been signalled at least once since the last wait. Allocates nothing.</summary>
    /// <param name="stop">Ends the wait; a signal is not consumed by that.</param>
    /// <exception cref="InvalidOperationException">Somebody waits for it already.</exception>
    /// <exception cref="DeviceLostException">The function is gone, or is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The vectors or the function were disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public ValueTask WaitAsync(CancellationToken stop = default) => throw new NotImplementedException();

    /// <summary>Takes a signal if there is one, without waiting.</summary>
    /// <returns>Whether the vector was signalled since the last wait.</returns>
    public bool TryTake() => throw new NotImplementedException();

    /// <summary>Keeps the vector back: the function's signals stay pending with it.</summary>
    /// <exception cref="PciException">The kernel or the peer refuses.</exception>
    public void Mask() => throw new NotImplementedException();

    /// <summary>Lets the vector through again; a signal that stayed pending arrives now.</summary>
    /// <exception cref="PciException">The kernel or the peer refuses.</exception>
    public void Unmask() => throw new NotImplementedException();
}
