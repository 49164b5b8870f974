using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Configuration;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interrupts;

/// <summary>How waits end that no signal ends.</summary>
public sealed class InterruptEndTests : IDisposable
{
    private readonly EventLoop loop = new(new EventLoopOptions { Name = "the-loop" });
    private readonly FakeFunction function;

    public InterruptEndTests() => function = new FakeFunction(loop);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => loop.Dispose();

    [Fact]
    public async Task Disposing_the_vectors_ends_the_waits_now_and_later_and_turns_interrupts_off()
    {
        MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);

        vectors.Dispose();

        await Should.ThrowAsync<ObjectDisposedException>(() => wait.Soon());
        await Should.ThrowAsync<ObjectDisposedException>(async () => await vectors[0].WaitAsync(Stop));
        await Should.ThrowAsync<ObjectDisposedException>(async () => await vectors[1].WaitAsync(Stop));
        Should.Throw<ObjectDisposedException>(vectors[0].Mask);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await vectors.ResizeAsync(1, Stop));
        function.Calls[^1].ShouldBe("MSI-X off");
    }

    [Fact]
    public async Task Disposing_the_function_ends_the_waits_and_closes_after_them()
    {
        MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);

        await function.DisposeAsync();

        await Should.ThrowAsync<ObjectDisposedException>(() => wait.Soon());
        function.Calls[^1].ShouldBe("close");
        vectors.Dispose();
        function.Calls[^1].ShouldBe("close");
    }

    [Fact]
    public async Task A_lost_function_ends_the_waits_now_and_later_each_with_an_exception_of_its_own()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);

        function.Lose();

        DeviceLostException first = await Should.ThrowAsync<DeviceLostException>(() => wait.Soon());
        DeviceLostException second = await Should.ThrowAsync<DeviceLostException>(async () => await vectors[0].WaitAsync(Stop));
        DeviceLostException third = await Should.ThrowAsync<DeviceLostException>(async () => await vectors[1].WaitAsync(Stop));
        second.ShouldNotBeSameAs(first);
        third.ShouldNotBeSameAs(second);
        second.Message.ShouldBe(first.Message);
        first.Message.ShouldContain("fake");
        Should.Throw<DeviceLostException>(vectors[0].Mask);
        function.Removing.IsCancellationRequested.ShouldBeTrue();
    }

    [Fact]
    public async Task A_lost_function_stays_the_reason_once_it_is_disposed()
    {
        MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        function.Lose();
        vectors.Dispose();
        await Should.ThrowAsync<DeviceLostException>(async () => await vectors[0].WaitAsync(Stop));
        function.Calls[^1].ShouldNotBe("MSI-X off");
    }

    [Fact]
    public async Task A_function_that_is_asked_for_ends_the_waits_but_still_answers()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);
        function.RequestRemoval();
        await Should.ThrowAsync<DeviceLostException>(() => wait.Soon());
        vectors[0].Mask();
        function.Calls[^1].ShouldBe("MSI-X 0+ none");
    }

    [Fact]
    public async Task Vectors_enabled_after_the_function_was_asked_for_are_not_waited_for()
    {
        function.RequestRemoval();
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        await Should.ThrowAsync<DeviceLostException>(() => vectors[0].WaitAsync(Stop).Soon());
    }

    [Fact]
    public async Task Vectors_added_after_the_function_was_asked_for_are_not_waited_for()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        function.RequestRemoval();
        await vectors.ResizeAsync(2, Stop);
        await Should.ThrowAsync<DeviceLostException>(() => vectors[1].WaitAsync(Stop).Soon());
    }

    [Theory]
    [InlineData("dispose the vectors")]
    [InlineData("dispose the function")]
    [InlineData("lose")]
    [InlineData("ask")]
    public async Task An_inline_continuation_can_end_it_all(string how)
    {
        MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        vectors[0].ContinueInline = vectors[1].ContinueInline = true;
        Task<string?> other = ThreadOfEnd(vectors[1]);
        Task ender = Task.Run(async () =>
        {
            await vectors[0].WaitAsync(Stop).ConfigureAwait(false);
            Thread.CurrentThread.Name.ShouldBe("the-loop");
            switch (how)
            {
                case "dispose the vectors":
                    vectors.Dispose();
                    break;
                case "dispose the function":
                    await function.DisposeAsync().ConfigureAwait(false);
                    break;
                case "lose":
                    function.Lose();
                    break;
                default:
                    function.RequestRemoval();
                    break;
            }
        }, Stop);

        // Only once the waiter is there does its continuation run inline.
        await Task.Delay(50, Stop);
        function.Raise(0);
        await ender.Soon();
        (await other).ShouldNotBe("the-loop");
        vectors.Dispose();

        static async Task<string?> ThreadOfEnd(InterruptVector vector)
        {
            try
            {
                await vector.WaitAsync(Stop).ConfigureAwait(false);
                return "the-loop";
            }
            catch (Exception e) when (e is ObjectDisposedException or DeviceLostException)
            {
                return Thread.CurrentThread.Name;
            }
        }
    }

    [Fact]
    public async Task A_function_lost_in_a_backend_call_tells_others_outside_the_lock()
    {
        MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);
        bool free = false;
        using CancellationTokenRegistration removing = function.Removing.Register(() =>
        {
            // On another thread, which the lock would keep out.
            using var done = new ManualResetEventSlim();
            new Thread(() =>
            {
                _ = function.HasMappings;
                done.Set();
            }).Start();
            free = done.Wait(TimeSpan.FromSeconds(10), Stop);
        });
        function.During = call =>
        {
            if (call == "MSI-X 0+ none")
            {
                function.Lose();
            }
        };

        vectors[0].Mask();

        await Should.ThrowAsync<DeviceLostException>(() => wait.Soon());
        free.ShouldBeTrue();
        vectors.Dispose();
    }

    [Fact]
    public async Task Ending_races_with_waiting_signalling_and_resizing_and_no_wait_is_left()
    {
        for (int i = 0; i < Fuzz.Iterations(200); i++)
        {
            var racing = new FakeFunction(loop);
            MsixVectors vectors = await racing.EnableMsixAsync(2, Stop);
            using var start = new Barrier(4);
            Task waiter = Task.Run(async () =>
            {
                start.SignalAndWait(Stop);
                try
                {
                    while (true)
                    {
                        await vectors[^1].WaitAsync(Stop);
                    }
                }
                catch (Exception e) when (e is ObjectDisposedException or DeviceLostException)
                {
                    return;
                }
            }, Stop);
            Task resizer = Task.Run(async () =>
            {
                start.SignalAndWait(Stop);
                try
                {
                    for (int count = 3; count < 6; count++)
                    {
                        await vectors.ResizeAsync(count, Stop);
                    }
                }
                catch (Exception e) when (e is ObjectDisposedException or DeviceLostException)
                {
                    return;
                }
            }, Stop);
            Task signaller = Task.Run(() =>
            {
                start.SignalAndWait(Stop);
                racing.Raise(1);
            }, Stop);
            start.SignalAndWait(Stop);
            switch (i % 3)
            {
                case 0:
                    racing.Lose();
                    break;
                case 1:
                    racing.RequestRemoval();
                    break;
                default:
                    vectors.Dispose();
                    break;
            }

            await Task.WhenAll(waiter, resizer, signaller).Soon();
            vectors.Dispose();
        }
    }

    [Fact]
    public async Task Bus_mastering_is_off_before_the_interrupts_are()
    {
        function.Configuration.SetCommand(PciCommand.BusMaster, true);
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        ushort command = 0xFFFF;
        function.During = call => command = call == "close" ? function.Command : command;
        await function.DisposeAsync();
        ((PciCommand)command & PciCommand.BusMaster).ShouldBe(PciCommand.None);
    }
}
