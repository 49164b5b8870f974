using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Devices.Tests.Interop;

public sealed class EventFdTests
{
    [Fact]
    public void Signals_add_up_until_they_are_read()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno error).ShouldNotBeNull();
        error.ShouldBe(Errno.None);

        signal.TryRead(out _).ShouldBeFalse();
        signal.Signal().ShouldBe(Errno.None);
        signal.Signal(41).ShouldBe(Errno.None);
        signal.TryRead(out ulong count).ShouldBeTrue();
        count.ShouldBe(42u);
        signal.Read(out count).ShouldBe(Errno.EAGAIN);
        count.ShouldBe(0u);
    }

    [Fact]
    public void A_full_counter_takes_no_more()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        signal.Signal(ulong.MaxValue - 1).ShouldBe(Errno.None);
        signal.Signal().ShouldBe(Errno.EAGAIN);
        signal.Signal(ulong.MaxValue).ShouldBe(Errno.EINVAL);
    }

    [Fact]
    public void A_semaphore_gives_one_signal_at_a_time()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK | EventFdFlags.EFD_SEMAPHORE, out _)!;
        signal.Signal(2);
        signal.TryRead(out ulong first).ShouldBeTrue();
        first.ShouldBe(1u);
        signal.TryRead(out _).ShouldBeTrue();
        signal.TryRead(out _).ShouldBeFalse();
    }

    [Fact]
    public async Task A_read_waits_for_a_signal_if_it_may()
    {
        using EventFd signal = EventFd.Create(0, out _)!;
        var reader = Task.Factory.StartNew(
            () => (signal.Read(out ulong count), count), TestContext.Current.CancellationToken, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        signal.Signal(7);
        (await reader).ShouldBe((Errno.None, 7u));
    }

    [Fact]
    public void Signalling_and_reading_allocate_nothing()
    {
        using EventFd signal = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _)!;
        Allocations.Of(
            () =>
            {
                signal.Signal();
                signal.TryRead(out _);
            },
            times: 1000).ShouldBe(0);
    }
}
