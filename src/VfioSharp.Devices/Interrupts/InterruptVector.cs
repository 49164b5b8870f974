using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;

namespace VfioSharp.Devices.Interrupts;

/// <summary>One interrupt of a function, to be awaited.</summary>
/// <remarks>One waiter at a time. A signal that comes while nobody waits is kept; several are one.</remarks>
public sealed class InterruptVector
{
    private readonly InterruptSet set;
    private readonly EventLoop loop;
    private readonly EventFd trigger;
    private readonly InterruptSignal signal;
    private volatile bool masked;

    /// <exception cref="PciException">The process has no descriptors left.</exception>
    internal InterruptVector(InterruptSet set, int index, EventLoop loop)
    {
        this.set = set;
        this.loop = loop;
        Index = index;
        signal = new InterruptSignal($"{set.Kind.Label} vector {index}");
        trigger = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error) ?? throw new PciException(
            "eventfd", $"{set.Kind.Label} vector {index} gets no eventfd ({error}): see the limit on open files", errorNumber: (int)error);
        try
        {
            loop.Add(trigger, signal);
        }
        catch
        {
            trigger.Dispose();
            throw;
        }
    }

    /// <summary>Which vector, from 0.</summary>
    public int Index { get; }

    /// <summary>
    /// Run continuations of <see cref="WaitAsync"/> on the event loop's thread, at once, instead of through the thread pool: some 2–3 µs instead of 10.
    /// What runs there must not block: it delays every other interrupt of the loop. Waits that end without a signal continue through the pool always.
    /// </summary>
    public bool ContinueInline
    {
        get => signal.ContinueInline;
        set => signal.ContinueInline = value;
    }

    /// <summary>Whether the host keeps the vector back.</summary>
    public bool IsMasked => masked;

    /// <summary>What the function is given to signal; null while masked.</summary>
    internal EventFd? Trigger => masked ? null : trigger;

    /// <summary>Waits until the vector has been signalled at least once since the last wait. Allocates nothing.</summary>
    /// <param name="stop">Ends the wait; a signal is not consumed by that.</param>
    /// <returns>The wait, to be awaited once; until then it counts as a waiter.</returns>
    /// <exception cref="InvalidOperationException">Somebody waits for it already.</exception>
    /// <exception cref="DeviceLostException">The function is gone, or is asked for.</exception>
    /// <exception cref="ObjectDisposedException">The vectors or the function were disposed.</exception>
    /// <exception cref="OperationCanceledException"><paramref name="stop"/> was cancelled.</exception>
    public ValueTask WaitAsync(CancellationToken stop = default) => signal.WaitAsync(stop);

    /// <summary>Takes a signal if there is one, without waiting.</summary>
    /// <returns>Whether the vector was signalled since the last wait.</returns>
    public bool TryTake() => signal.TryTake();

    /// <summary>Keeps the vector back: the function's signals stay pending with it.</summary>
    /// <remarks>An MSI function that cannot mask vectors (PCIe 6.0, 7.7.1.2) has nowhere to keep them: its signals are lost meanwhile.</remarks>
    /// <exception cref="NotSupportedException">It is the legacy line.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="ObjectDisposedException">The vector or the function was disposed.</exception>
    /// <exception cref="PciException">The kernel or the peer refuses.</exception>
    public void Mask() => set.SetMask(this, true);

    /// <summary>Lets the vector through again; a signal that stayed pending arrives now.</summary>
    /// <inheritdoc cref="Mask" path="/exception"/>
    public void Unmask() => set.SetMask(this, false);

    /// <summary>Notes whether the function has been told to keep the vector back.</summary>
    internal void NoteMask(bool value) => masked = value;

    /// <summary>Ends the wait and later ones, with the function's loss or as disposed.</summary>
    internal void End(DeviceLostException? lost) => signal.End(lost);

    /// <summary>Ends the wait and later ones as disposed; signals are not listened to any more.</summary>
    internal void Stop()
    {
        signal.End(null);
        loop.Remove(trigger);
    }

    /// <summary>Gives the eventfd back, which the function must not hold any more.</summary>
    internal void Close() => trigger.Dispose();
}
