using System.Diagnostics;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Tests.Interop;

public sealed class EpollDescriptorTests : IDisposable
{
    private readonly EpollDescriptor epoll = EpollDescriptor.Create(out _)!;
    private readonly List<EventFd> signals = [];

    public void Dispose()
    {
        epoll.Dispose();
        signals.ForEach(signal => signal.Dispose());
    }

    [Fact]
    public void Every_event_bears_what_was_said_of_its_descriptor()
    {
        // Distinct in all eight bytes, so that an event taken apart at the wrong place shows.
        ulong[] data = [.. Enumerable.Range(1, 20).Select(i => (ulong)i * 0x0123_4567_89AB_CDEF)];
        foreach (ulong value in data)
        {
            epoll.Add(Signalled(), EpollFlags.EPOLLIN, value).ShouldBe(Errno.None);
        }

        var events = new EpollEvent[32];
        epoll.Wait(events, 0, out int count).ShouldBe(Errno.None);

        count.ShouldBe(data.Length);
        events[..count].Select(happened => happened.data).Order().ShouldBe(data.Order());
        events[..count].ShouldAllBe(happened => happened.events == EpollFlags.EPOLLIN);
    }

    [Fact]
    public void What_there_is_no_room_for_comes_with_the_next_wait()
    {
        foreach (ulong value in new ulong[] { 1, 2, 3 })
        {
            epoll.Add(Signalled(), EpollFlags.EPOLLIN | EpollFlags.EPOLLET, value);
        }

        var seen = new List<ulong>();
        var events = new EpollEvent[2];
        while (epoll.Wait(events, 0, out int count) == Errno.None && count > 0)
        {
            seen.AddRange(events[..count].Select(happened => happened.data));
        }

        seen.Order().ShouldBe([1ul, 2ul, 3ul]);
    }

    [Fact]
    public void An_edge_is_reported_again_for_every_signal_and_not_between()
    {
        FileDescriptor file = Signalled();
        epoll.Add(file, EpollFlags.EPOLLIN | EpollFlags.EPOLLET, 5);
        Happened().ShouldBe(1);
        Happened().ShouldBe(0);
        signals[0].Signal();
        Happened().ShouldBe(1);
    }

    [Fact]
    public void A_descriptor_that_is_changed_or_removed_is_watched_so()
    {
        FileDescriptor file = Signalled();
        epoll.Add(file, EpollFlags.EPOLLIN, 1);
        epoll.Add(file, EpollFlags.EPOLLIN, 1).ShouldBe(Errno.EEXIST);
        epoll.Modify(file, 0, 1).ShouldBe(Errno.None);
        Happened().ShouldBe(0);
        epoll.Modify(file, EpollFlags.EPOLLIN, 2).ShouldBe(Errno.None);
        Happened().ShouldBe(1);
        epoll.Remove(file).ShouldBe(Errno.None);
        Happened().ShouldBe(0);
        epoll.Remove(file).ShouldBe(Errno.ENOENT);
    }

    [Fact]
    public void A_wait_ends_with_its_time()
    {
        long start = Stopwatch.GetTimestamp();
        epoll.Wait(new EpollEvent[1], 30, out int count).ShouldBe(Errno.None);
        count.ShouldBe(0);
        Stopwatch.GetElapsedTime(start).ShouldBeGreaterThan(TimeSpan.FromMilliseconds(25));
    }

    [Fact]
    public void Waiting_needs_room() => epoll.Wait([], 0, out _).ShouldBe(Errno.EINVAL);

    private int Happened()
    {
        epoll.Wait(new EpollEvent[4], 0, out int count).ShouldBe(Errno.None);
        return count;
    }

    private FileDescriptor Signalled()
    {
        EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        signals.Add(signal);
        signal.Signal();
        return signal.File;
    }
}
