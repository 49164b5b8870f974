using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Interrupts;

/// <summary>A thread that waits for interrupts of any number of functions and wakes whoever awaits them.</summary>
/// <remarks>An eventfd is registered edge-triggered and not read at each wake: its counter wakes the loop by growing (0.84 µs against 1.37 µs).</remarks>
public sealed class EventLoop : IDisposable
{
    /// <summary>Starts a loop.</summary>
    /// <param name="options">How it waits; sleeping between events by default.</param>
    public EventLoop(EventLoopOptions? options = null) => throw new NotImplementedException();

    /// <summary>The loop that functions use unless told otherwise; started at first use, never disposed.</summary>
    public static EventLoop Shared => throw new NotImplementedException();

    /// <summary>Ends the thread. Functions that still use the loop get no more interrupts: dispose them first.</summary>
    public void Dispose() => throw new NotImplementedException();

    /// <summary>Calls <paramref name="sink"/> on the loop's thread whenever the eventfd was signalled, at least once for any number of signals.</summary>
    internal void Add(EventFd source, IEventSink sink) => throw new NotImplementedException();

    /// <summary>Ends that. A call may still be under way on the loop's thread when this returns, none starts afterwards.</summary>
    internal void Remove(EventFd source) => throw new NotImplementedException();
}
