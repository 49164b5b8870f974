using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Server;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>Eventfds that a test gives away, and whoever listens to those it is given.</summary>
internal static class Events
{
    public static EventFd Create() => EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno _)!;

    public static EventFd[] Create(int count) => [.. Enumerable.Range(0, count).Select(_ => Create())];

    /// <summary>How often it was signalled since the last time.</summary>
    public static ulong Take(this EventFd eventFd) => eventFd.TryRead(out ulong count) ? count : 0;

    /// <summary>It is signalled, now or soon.</summary>
    public static void ShouldSignal(this EventFd eventFd) => Patience.Until(() => eventFd.Take() > 0, "nothing is signalled");

    /// <summary>Waits until servers were told of what was signalled by now, as they are in order, and gives whoever was told a moment to act.</summary>
    public static void Deliver()
    {
        using EventFd probe = Create();
        var last = new Last();
        SharedPump.Instance.Add(probe.File, EpollFlags.EPOLLIN, last);
        probe.Signal().ShouldBe(Errno.None);
        Patience.Until(() => last.IsReached, "nobody is told of anything");
        SharedPump.Instance.Remove(probe.File);
        Thread.Sleep(20);
    }

    private sealed class Last : IReady
    {
        public volatile bool IsReached;

        public void OnReady(uint events) => IsReached = true;
    }
}
