using VfioSharp.Devices.Interrupts;

namespace VfioSharp.Devices.Tests.Interrupts;

/// <summary>Counts what the whole process allocates, so nothing else may run.</summary>
[Collection(nameof(Alone))]
public sealed class InterruptAllocationTests
{
    private const int Rounds = 40;
    private const int SmallestObject = 24;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    [Theory]
    [InlineData(false, false, false)]
    [InlineData(false, true, false)]
    [InlineData(false, false, true)]
    [InlineData(false, true, true)]
    [InlineData(true, true, true)]
    public async Task Waiting_and_waking_allocate_nothing_once_warm(bool spin, bool inline, bool cancellable)
    {
        using var loop = new EventLoop(new EventLoopOptions { Spin = spin });
        var function = new FakeFunction(loop);
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        vectors[0].ContinueInline = inline;
        using var cancel = new CancellationTokenSource();
        int waits = spin ? 25 : 500;
        int woken = 0;
        Task waiter = WaitAlways(cancellable ? cancel.Token : CancellationToken.None);

        // The test's own runner allocates now and then. What a wait allocated would show in every round.
        long least = long.MaxValue;
        for (int round = 0; round < Rounds; round++)
        {
            long before = GC.GetTotalAllocatedBytes(true);
            for (int i = 0; i < waits; i++)
            {
                int seen = Volatile.Read(ref woken);
                function.Raise(0);
                var wait = new SpinWait();
                while (Volatile.Read(ref woken) == seen)
                {
                    wait.SpinOnce(sleep1Threshold: -1);
                }
            }

            least = Math.Min(least, GC.GetTotalAllocatedBytes(true) - before);
        }

        // Where processors are scarce the pool's own threads come and go and allocate some; a wait that allocated an object would take more than this.
        least.ShouldBeLessThanOrEqualTo(inline ? 0 : waits * SmallestObject - 1);
        if (!cancellable)
        {
            vectors.Dispose();
        }

        await cancel.CancelAsync();
        await waiter.Soon();

        async Task WaitAlways(CancellationToken token)
        {
            try
            {
                while (true)
                {
                    await vectors[0].WaitAsync(token).ConfigureAwait(false);
                    Interlocked.Increment(ref woken);
                }
            }
            catch (Exception e) when (e is OperationCanceledException or ObjectDisposedException)
            {
                return;
            }
        }
    }
}
