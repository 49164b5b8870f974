using VfioSharp.Devices.Interrupts;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interrupts;

public sealed class InterruptStressTests
{
    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    // A spinning loop takes a processor from the threads that signal, hence fewer.
    [Theory]
    [InlineData(false, false)]
    [InlineData(false, true)]
    [InlineData(true, true)]
    public async Task No_signal_of_many_vectors_and_threads_is_lost(bool spin, bool inline)
    {
        using var loop = new EventLoop(new EventLoopOptions { Spin = spin });
        var function = new FakeFunction(loop);
        using MsixVectors vectors = await function.EnableMsixAsync(4, Stop);
        int signals = Fuzz.Iterations(spin ? 10_000 : 100_000);
        await Task.WhenAll(vectors.Select(async vector =>
        {
            vector.ContinueInline = inline;
            int raised = 0;
            int seen = 0;
            Task signaller = Task.Factory.StartNew(() =>
            {
                var random = new Random(vector.Index);
                while (raised < signals)
                {
                    for (int burst = Math.Min(random.Next(1, 100), signals - raised); burst > 0; burst--)
                    {
                        Interlocked.Increment(ref raised);
                        function.Raise(vector.Index);
                    }

                    Patience.Until(() => Volatile.Read(ref seen) == raised);
                }
            }, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);

            // What is read after a wait includes all that was signalled before it ended; the last signal of a burst must end one that sees the burst.
            while (seen != signals)
            {
                await vector.WaitAsync(Stop);
                Volatile.Write(ref seen, Volatile.Read(ref raised));
            }

            await signaller;
        })).Soon();
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_cancellation_that_races_with_a_signal_never_consumes_it(bool inline)
    {
        using var loop = new EventLoop();
        var function = new FakeFunction(loop);
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        InterruptVector vector = vectors[0];
        vector.ContinueInline = inline;
        int cancelled = 0;
        int signalled = 0;
        using var start = new Barrier(2);
        int rounds = Fuzz.Iterations(3000);
        CancellationTokenSource source = null!;
        Task wait = null!;
        Task canceller = Task.Factory.StartNew(() =>
        {
            for (int i = 0; i < rounds; i++)
            {
                start.SignalAndWait(Stop);
                Thread.SpinWait(i % 200);

                // One round in ten the signal is first, one in ten the cancellation; the others race.
                if (i % 10 == 1)
                {
                    Patience.Until(() => wait.IsCompleted);
                }

                source.Cancel();
                start.SignalAndWait(Stop);
            }
        }, Stop, TaskCreationOptions.LongRunning, TaskScheduler.Default);
        for (int i = 0; i < rounds; i++)
        {
            source = new CancellationTokenSource();
            wait = vector.WaitAsync(source.Token).AsTask();
            start.SignalAndWait(Stop);
            Thread.SpinWait(i % 300);
            if (i % 10 == 0)
            {
                Patience.Until(() => source.IsCancellationRequested);
            }

            function.Raise(0);
            try
            {
                await wait;
                signalled++;
                vector.TryTake().ShouldBeFalse();
            }
            catch (OperationCanceledException)
            {
                cancelled++;
                await vector.WaitAsync(Stop).Soon();
            }

            start.SignalAndWait(Stop);
            source.Dispose();
        }

        await canceller;
        cancelled.ShouldBeGreaterThan(0);
        signalled.ShouldBeGreaterThan(0);
        (cancelled + signalled).ShouldBe(rounds);
    }

    [Fact]
    public async Task A_late_cancellation_never_reaches_the_next_wait()
    {
        using var loop = new EventLoop();
        var function = new FakeFunction(loop);
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        InterruptVector vector = vectors[0];
        for (int i = 0; i < Fuzz.Iterations(3000); i++)
        {
            using var source = new CancellationTokenSource();
            ValueTask wait = vector.WaitAsync(source.Token);
            Task cancel = Task.Run(source.Cancel, Stop);
            function.Raise(0);
            bool taken = true;
            try
            {
                await wait;
            }
            catch (OperationCanceledException)
            {
                taken = false;
            }

            // Ends by the signal, old or new, or fails the test by a token that is not its own.
            ValueTask next = vector.WaitAsync(Stop);
            if (taken)
            {
                function.Raise(0);
            }

            await next.Soon();
            await cancel;
        }
    }

    [Fact]
    public async Task Waiting_threads_that_race_are_told_and_one_of_them_waits()
    {
        using var loop = new EventLoop();
        var function = new FakeFunction(loop);
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        using var start = new Barrier(2);
        for (int i = 0; i < Fuzz.Iterations(500); i++)
        {
            Task<bool>[] waiters = [.. Enumerable.Range(0, 2).Select(_ => Task.Run(async () =>
            {
                start.SignalAndWait(Stop);
                ValueTask wait;
                try
                {
                    wait = vectors[0].WaitAsync(Stop);
                }
                catch (InvalidOperationException)
                {
                    function.Raise(0);
                    return false;
                }

                await wait;
                return true;
            }, Stop))];
            (await Task.WhenAll(waiters)).Count(waited => waited).ShouldBe(1);
        }
    }
}
