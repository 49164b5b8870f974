using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Devices.Tests.Interrupts;

/// <summary>The loop with descriptors that are no eventfds.</summary>
public sealed class EventLoopDescriptorTests : IDisposable
{
    private readonly EventLoop loop = new();
    private readonly UnixSocket one;
    private readonly UnixSocket other;
    private int calls;

    public EventLoopDescriptorTests()
    {
        UnixSocket.CreatePair(out UnixSocket? first, out UnixSocket? second).ShouldBe(Errno.None);
        (one, other) = (first!, second!);
    }

    public void Dispose()
    {
        loop.Remove(other.File);
        loop.Dispose();
        one.Dispose();
        other.Dispose();
    }

    [Fact]
    public void Each_arrival_is_told_once_and_nothing_between()
    {
        Watch(EpollFlags.EPOLLIN);
        for (int i = 1; i <= 3; i++)
        {
            one.Send([1], [], wait: false, out _);
            Patience.Until(() => Volatile.Read(ref calls) == i);
            Settle().ShouldBe(i, "what was told and not read is not told again");
        }
    }

    [Fact]
    public void What_was_there_before_is_told()
    {
        one.Send([1], [], wait: false, out _);
        Watch(EpollFlags.EPOLLIN);
        Patience.Until(() => Volatile.Read(ref calls) == 1);
    }

    [Fact]
    public void Only_what_was_asked_for_is_told_and_the_end_always()
    {
        Watch(EpollFlags.EPOLLRDHUP);
        one.Send([1], [], wait: false, out _);
        Settle().ShouldBe(0);
        one.Shutdown();
        Patience.Until(() => Volatile.Read(ref calls) > 0);
    }

    [Fact]
    public void Room_to_send_is_told_when_there_is_some_again()
    {
        while (other.Send(new byte[1 << 16], [], wait: false, out _) == Errno.None)
        {
            // until it is full
        }

        Watch(EpollFlags.EPOLLOUT);
        Settle().ShouldBe(0);
        while (one.Receive(new byte[1 << 16], [], wait: false, out _) == Errno.None)
        {
            // until it is empty
        }

        Patience.Until(() => Volatile.Read(ref calls) > 0);
    }

    [Fact]
    public void After_a_change_what_has_come_about_already_is_told_again()
    {
        Watch(EpollFlags.EPOLLIN);
        one.Send([1], [], wait: false, out _);
        Patience.Until(() => Volatile.Read(ref calls) == 1);
        loop.Modify(other.File, EpollFlags.EPOLLIN);
        Patience.Until(() => Volatile.Read(ref calls) == 2);

        loop.Modify(other.File, EpollFlags.EPOLLRDHUP);
        one.Send([1], [], wait: false, out _);
        Settle().ShouldBe(2, "nobody asks for that any more");
        loop.Modify(other.File, EpollFlags.EPOLLIN | EpollFlags.EPOLLRDHUP);
        Patience.Until(() => Volatile.Read(ref calls) == 3);
    }

    [Fact]
    public void What_is_not_watched_cannot_be_changed_and_may_be_removed_in_vain()
    {
        loop.Modify(other.File, EpollFlags.EPOLLIN);
        loop.Remove(other.File);
        one.Send([1], [], wait: false, out _);
        Settle().ShouldBe(0);
    }

    [Fact]
    public void Nothing_is_told_once_it_is_removed_and_it_can_be_added_again()
    {
        Watch(EpollFlags.EPOLLIN);
        loop.Remove(other.File);
        one.Send([1], [], wait: false, out _);
        loop.Modify(other.File, EpollFlags.EPOLLIN);
        Settle().ShouldBe(0);
        Watch(EpollFlags.EPOLLIN);
        Patience.Until(() => Volatile.Read(ref calls) == 1);
    }

    [Fact]
    public void What_cannot_be_waited_for_is_refused_and_leaves_nothing_behind()
    {
        using MemoryFile file = MemoryFile.Create("test", 1, 0, out _)!;
        for (int i = 0; i < 2; i++)
        {
            Should.Throw<PciException>(() => loop.Add(file.File, EpollFlags.EPOLLIN, new Counter(this))).Errno.ShouldBe(Errno.EPERM);
        }

        Watch(EpollFlags.EPOLLIN);
        one.Send([1], [], wait: false, out _);
        Patience.Until(() => Volatile.Read(ref calls) == 1);
    }

    [Fact]
    public void A_loop_that_has_ended_changes_nothing()
    {
        Watch(EpollFlags.EPOLLIN);
        loop.Dispose();
        loop.Modify(other.File, EpollFlags.EPOLLIN);
        loop.Remove(other.File);
        Should.Throw<ObjectDisposedException>(() => Watch(EpollFlags.EPOLLIN));
    }

    private void Watch(uint events) => loop.Add(other.File, events, new Counter(this));

    // The loop takes events in the order of their coming: once it has told of this one, it has told of those before.
    private int Settle()
    {
        using EventFd last = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        var seen = new Mark();
        loop.Add(last, seen);
        last.Signal();
        Patience.Until(() => seen.IsSeen);
        loop.Remove(last);
        return Volatile.Read(ref calls);
    }

    private sealed class Counter(EventLoopDescriptorTests test) : IEventSink
    {
        public void OnSignalled() => Interlocked.Increment(ref test.calls);
    }

    private sealed class Mark : IEventSink
    {
        private volatile bool isSeen;

        public bool IsSeen => isSeen;

        public void OnSignalled() => isSeen = true;
    }
}
