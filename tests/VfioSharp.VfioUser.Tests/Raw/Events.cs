using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>Eventfds that a test gives away, and the loop that listens to those it is given.</summary>
internal static class Events
{
    public static EventFd Create() => EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno _)!;

    public static EventFd[] Create(int count) => [.. Enumerable.Range(0, count).Select(_ => Create())];

    /// <summary>How often it was signalled since the last time.</summary>
    public static ulong Take(this EventFd eventFd) => eventFd.TryRead(out ulong count) ? count : 0;

    /// <summary>It is signalled, now or soon.</summary>
    public static void ShouldSignal(this EventFd eventFd) => Patience.Until(() => eventFd.Take() > 0, "nothing is signalled");

    /// <summary>Waits until what was signalled by now has been delivered: the shared loop delivers in order.</summary>
    public static void Deliver()
    {
        using EventFd probe = Create();
        var sink = new Sink();
        EventLoop.Shared.Add(probe, sink);
        probe.Signal().ShouldBe(Errno.None);
        Patience.Until(() => sink.IsReached, "the loop delivers nothing");
        EventLoop.Shared.Remove(probe);
    }

    private sealed class Sink : IEventSink
    {
        public volatile bool IsReached;

        public void OnSignalled() => IsReached = true;
    }
}
