using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Devices.Seam;

/// <summary>What a function says beside its interrupts: that it has failed, and that somebody wants it back.</summary>
/// <param name="function">The function.</param>
internal sealed class FunctionNotices(PciFunction function) : IDisposable
{
    private readonly List<EventFd> signals = [];

    /// <summary>Listens, where the function says such things at all.</summary>
    /// <exception cref="PciException">The process has no descriptors left, or the kernel or the peer refuses.</exception>
    public void Listen()
    {
        Listen(InterruptKind.Error, function.Lose);
        Listen(InterruptKind.Request, function.RequestRemoval);
    }

    /// <summary>Listens no more.</summary>
    public void Stop() => signals.ForEach(function.Shape.Events.Remove);

    /// <summary>Closes the eventfds, which the function must not hold any more.</summary>
    public void Dispose() => signals.ForEach(signal => signal.Dispose());

    private void Listen(InterruptKind kind, Action onSignalled)
    {
        if (function.Shape.Interrupt(kind).Count == 0)
        {
            return;
        }

        EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error)
            ?? throw new PciException("open", $"{function.Name}: no eventfd is to be had ({error}): see ulimit -n", function.Address, (int)error);
        signals.Add(signal);

        // What it calls are others' callbacks in the end, which may block: not on the loop.
        function.Shape.Events.Add(signal, new Sink(() => ThreadPool.UnsafeQueueUserWorkItem(static act => act(), onSignalled, preferLocal: false)));
        function.EnableInterruptsCore(kind, 0, [signal]);
    }

    private sealed class Sink(Action onSignalled) : IEventSink
    {
        public void OnSignalled() => onSignalled();
    }
}
