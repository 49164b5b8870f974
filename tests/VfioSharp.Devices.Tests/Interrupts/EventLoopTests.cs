using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interrupts;

public sealed class EventLoopTests
{
    private static readonly EventLoopOptions Spinning = new() { Spin = true };

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void A_sink_is_called_on_the_loop_s_thread_for_every_signal_that_comes_alone(bool spin)
    {
        using var loop = new EventLoop(new EventLoopOptions { Name = "the-loop", Spin = spin });
        using EventFd source = Source();
        var sink = new Counter();
        loop.Add(source, sink);

        for (int i = 1; i <= 200; i++)
        {
            source.Signal();
            Patience.Until(() => sink.Calls == i);
        }

        sink.Thread.ShouldBe("the-loop");
        loop.Remove(source);
    }

    [Fact]
    public void A_signal_from_before_it_was_added_counts()
    {
        using var loop = new EventLoop();
        using EventFd source = Source();
        source.Signal();
        var sink = new Counter();
        loop.Add(source, sink);

        Patience.Until(() => sink.Calls == 1);
        loop.Remove(source);
    }

    [Fact]
    public void Nothing_is_called_once_it_was_removed_on_the_loop_itself()
    {
        using var loop = new EventLoop();
        using EventFd source = Source();
        using EventFd other = Source();
        var second = new Counter();
        var first = new Counter { Do = () => loop.Remove(other) };
        loop.Add(source, first);
        loop.Add(other, second);

        // Both are ready when the loop looks again, the remover first.
        using var hold = new ManualResetEventSlim();
        using EventFd holding = Source();
        loop.Add(holding, new Counter { Do = hold.Wait });
        holding.Signal();
        source.Signal();
        other.Signal();
        hold.Set();
        Patience.Until(() => first.Calls == 1);

        using EventFd last = Source();
        var after = new Counter();
        loop.Add(last, after);
        last.Signal();
        Patience.Until(() => after.Calls == 1);
        second.Calls.ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Eventfds_come_and_go_while_they_are_signalled_and_no_signal_reaches_another_s_sink(bool spin)
    {
        using var loop = new EventLoop(spin ? Spinning : null);
        int cycles = Fuzz.Iterations(spin ? 100 : 1000);
        int strays = 0;
        using EventFd lasting = Source();
        var lastingSink = new Counter();
        loop.Add(lasting, lastingSink);

        await Task.WhenAll(Enumerable.Range(0, 2).Select(_ => Task.Run(() =>
        {
            for (int i = 0; i < cycles; i++)
            {
                using EventFd signalled = Source();
                using EventFd silent = Source();
                var sink = new Counter();
                loop.Add(signalled, sink);
                signalled.Signal();
                if (i % 2 == 0)
                {
                    Patience.Until(() => sink.Calls == 1);
                }

                loop.Remove(signalled);
                signalled.Signal();

                // Takes the slot and maybe the descriptor's number while an event of the former owner may be on its way.
                loop.Add(silent, new Counter { Do = () => Interlocked.Increment(ref strays) });
                lasting.Signal();
                loop.Remove(silent);
            }
        }))).Soon();

        strays.ShouldBe(0);
        int before = lastingSink.Calls;
        before.ShouldBeGreaterThan(0);
        lasting.Signal();
        Patience.Until(() => lastingSink.Calls > before);
        loop.Remove(lasting);
    }

    [Fact]
    public void More_eventfds_than_one_batch_and_the_first_table_hold_are_all_served()
    {
        using var loop = new EventLoop();
        EventFd[] sources = [.. Enumerable.Range(0, 200).Select(_ => Source())];
        Counter[] sinks = [.. sources.Select(_ => new Counter())];
        foreach ((EventFd source, Counter sink) in sources.Zip(sinks))
        {
            loop.Add(source, sink);
        }

        foreach (EventFd source in sources)
        {
            source.Signal();
        }

        Patience.Until(() => sinks.All(sink => sink.Calls == 1));
        foreach (EventFd source in sources)
        {
            loop.Remove(source);
            source.Dispose();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public void Disposing_ends_the_thread_and_later_use_is_told(bool spin)
    {
        var loop = new EventLoop(new EventLoopOptions { Spin = spin });
        using EventFd source = Source();
        Thread? thread = null;
        var sink = new Counter { Do = () => thread = Thread.CurrentThread };
        loop.Add(source, sink);
        source.Signal();
        Patience.Until(() => sink.Calls == 1);

        loop.Dispose();
        loop.Dispose();

        thread!.IsAlive.ShouldBeFalse();
        source.Signal();
        sink.Calls.ShouldBe(1);
        loop.Remove(source);
        Should.Throw<ObjectDisposedException>(() => loop.Add(source, sink));
    }

    [Fact]
    public void It_can_be_disposed_on_its_own_thread()
    {
        var loop = new EventLoop();
        using EventFd source = Source();
        Thread? thread = null;
        loop.Add(source, new Counter
        {
            Do = () =>
            {
                loop.Dispose();
                Volatile.Write(ref thread, Thread.CurrentThread);
            },
        });
        source.Signal();

        Patience.Until(() => Volatile.Read(ref thread) is { IsAlive: false });
    }

    [Fact]
    public void The_shared_loop_outlives_a_mistaken_dispose()
    {
        EventLoop.Shared.Dispose();
        using EventFd source = Source();
        var sink = new Counter();
        EventLoop.Shared.Add(source, sink);
        source.Signal();
        Patience.Until(() => sink.Calls == 1);
        EventLoop.Shared.Remove(source);
    }

    private static EventFd Source() => EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _).ShouldNotBeNull();

    private sealed class Counter : IEventSink
    {
        private int calls;

        public Action Do { get; init; } = () => { };

        public int Calls => Volatile.Read(ref calls);

        public string? Thread { get; private set; }

        public void OnSignalled()
        {
            Thread = System.Threading.Thread.CurrentThread.Name;
            Do();
            Interlocked.Increment(ref calls);
        }
    }
}
