using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Devices.Tests.Interrupts;

public sealed class InterruptVectorTests : IDisposable
{
    private readonly EventLoop loop = new(new EventLoopOptions { Name = "the-loop" });
    private readonly FakeFunction function;

    public InterruptVectorTests() => function = new FakeFunction(loop);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => loop.Dispose();

    [Fact]
    public async Task A_wait_ends_with_the_signal_of_its_own_vector()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        ValueTask first = vectors[0].WaitAsync(Stop);
        ValueTask second = vectors[1].WaitAsync(Stop);

        function.Raise(1);
        await second.Soon();
        first.IsCompleted.ShouldBeFalse();

        function.Raise(0);
        await first.Soon();
    }

    [Fact]
    public async Task Signals_that_nobody_waits_for_are_kept_as_one()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        for (int i = 0; i < 3; i++)
        {
            function.Raise(0);
        }

        await Seen(vectors);
        await vectors[0].WaitAsync(Stop).Soon();
        vectors[0].TryTake().ShouldBeFalse();
    }

    [Fact]
    public async Task TryTake_takes_the_signal_once()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        vectors[0].TryTake().ShouldBeFalse();
        function.Raise(0);
        Patience.Until(vectors[0].TryTake);
        vectors[0].TryTake().ShouldBeFalse();
    }

    [Fact]
    public async Task A_second_waiter_is_refused_and_the_first_goes_on()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask first = vectors[0].WaitAsync(Stop);

        (await Should.ThrowAsync<InvalidOperationException>(async () => await vectors[0].WaitAsync(Stop))).Message.ShouldContain("MSI-X vector 0");

        function.Raise(0);
        await first.Soon();
    }

    [Fact]
    public async Task A_wait_can_be_awaited_once_only()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);
        ValueTask copy = wait;
        function.Raise(0);
        await wait.Soon();

        ValueTask next = vectors[0].WaitAsync(Stop);
        await Should.ThrowAsync<InvalidOperationException>(async () => await copy);
        next.IsCompleted.ShouldBeFalse();
        function.Raise(0);
        await next.Soon();
    }

    [Fact]
    public async Task Taking_the_result_of_a_wait_that_is_not_over_fails_and_leaves_it_waiting()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);

        Should.Throw<InvalidOperationException>(() => wait.GetAwaiter().GetResult());

        function.Raise(0);
        await wait.Soon();
    }

    [Fact]
    public async Task Continuations_leave_the_loop_s_thread_unless_asked_to_stay()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        vectors[1].ContinueInline = true;
        Task<string?> pooled = ThreadAfter(vectors[0]);
        Task<string?> inline = ThreadAfter(vectors[1]);
        function.Raise(0);
        function.Raise(1);

        (await pooled).ShouldNotBe("the-loop");
        (await inline).ShouldBe("the-loop");

        static async Task<string?> ThreadAfter(InterruptVector vector)
        {
            await vector.WaitAsync(Stop).ConfigureAwait(false);
            return Thread.CurrentThread.Name;
        }
    }

    [Fact]
    public async Task A_waiter_can_wait_again_inside_its_inline_continuation_and_use_the_function_there()
    {
        const int rounds = 200;
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        vectors[0].ContinueInline = true;
        int seen = 0;
        bool stayed = true;
        Task waiter = WaitForAll();
        for (int i = 1; i <= rounds; i++)
        {
            function.Raise(0);
            Patience.Until(() => Volatile.Read(ref seen) == i);
        }

        await waiter.Soon();
        stayed.ShouldBeTrue();

        async Task WaitForAll()
        {
            while (seen < rounds)
            {
                await vectors[0].WaitAsync(Stop).ConfigureAwait(false);
                stayed &= Thread.CurrentThread.Name == "the-loop";
                function.Configuration.Read32(0);
                vectors[0].Mask();
                vectors[0].Unmask();
                Interlocked.Increment(ref seen);
            }
        }
    }

    [Fact]
    public async Task A_cancelled_wait_says_so_and_the_vector_can_be_waited_for_again()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        using var cancel = new CancellationTokenSource();
        ValueTask wait = vectors[0].WaitAsync(cancel.Token);
        cancel.Cancel();

        (await Should.ThrowAsync<OperationCanceledException>(() => wait.Soon())).CancellationToken.ShouldBe(cancel.Token);

        ValueTask next = vectors[0].WaitAsync(Stop);
        function.Raise(0);
        await next.Soon();
    }

    [Fact]
    public async Task A_token_cancelled_before_takes_no_signal()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        function.Raise(0);
        await Seen(vectors);

        ValueTask wait = vectors[0].WaitAsync(new CancellationToken(true));
        wait.IsCanceled.ShouldBeTrue();
        vectors[0].TryTake().ShouldBeTrue();
    }

    [Fact]
    public async Task Cancelling_runs_no_continuation_where_it_is_called()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        vectors[0].ContinueInline = true;
        using var cancel = new CancellationTokenSource();
        var here = new object();
        Task waiter = WaitThenLock();

        lock (here)
        {
            cancel.Cancel();
            waiter.IsCompleted.ShouldBeFalse();
        }

        await Should.ThrowAsync<OperationCanceledException>(() => waiter.Soon());

        async Task WaitThenLock()
        {
            try
            {
                await vectors[0].WaitAsync(cancel.Token).ConfigureAwait(false);
            }
            finally
            {
                // A thread may enter its own lock again, hence the check that it is another one.
                Monitor.IsEntered(here).ShouldBeFalse();
                lock (here)
                {
                }
            }
        }
    }

    [Fact]
    public async Task Masked_signals_stay_pending_until_unmasked()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        vectors[0].IsMasked.ShouldBeFalse();
        vectors[0].Mask();
        vectors[0].Mask();
        vectors[0].IsMasked.ShouldBeTrue();
        function.Raise(0);
        await Seen(vectors);
        vectors[0].TryTake().ShouldBeFalse();
        ValueTask wait = vectors[0].WaitAsync(Stop);

        vectors[0].Unmask();
        await wait.Soon();
        vectors[0].IsMasked.ShouldBeFalse();
        function.Calls.ShouldBe(["MSI-X 0+ set set", "MSI-X 0+ none", "MSI-X 0+ set"]);
    }

    [Fact]
    public async Task A_refused_mask_leaves_the_vector_as_it_was()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        function.Refuses = call => call.EndsWith("none", StringComparison.Ordinal);
        Should.Throw<PciException>(vectors[0].Mask);
        vectors[0].IsMasked.ShouldBeFalse();
    }

    [Fact]
    public async Task The_legacy_line_is_unmasked_as_a_line_and_not_masked_as_a_vector()
    {
        using IntxLine line = await function.EnableIntxAsync(Stop);
        ValueTask wait = line.WaitAsync(Stop);
        function.Raise(0);
        await wait.Soon();
        line.Unmask();
        Should.Throw<NotSupportedException>(line[0].Mask);
        function.Calls.ShouldBe(["INTx 0+ set", "unmask"]);
    }

    // Vector 1's signal comes after vector 0's: once it was seen the loop has seen the other too.
    private async Task Seen(MsixVectors vectors)
    {
        ValueTask wait = vectors[1].WaitAsync(Stop);
        function.Raise(1);
        await wait.Soon();
    }
}
