using VfioSharp.Devices.Interrupts;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Interrupts;

public sealed class InterruptSetTests : IDisposable
{
    private readonly EventLoop loop = new();
    private readonly FakeFunction function;

    public InterruptSetTests() => function = new FakeFunction(loop);

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => loop.Dispose();

    [Fact]
    public async Task Vectors_are_counted_indexed_and_enumerated()
    {
        using MsiVectors vectors = await function.EnableMsiAsync(4, Stop);
        vectors.Count.ShouldBe(4);
        vectors.Select(vector => vector.Index).ShouldBe([0, 1, 2, 3]);
        Should.Throw<ArgumentOutOfRangeException>(() => vectors[4]);
        Should.Throw<ArgumentOutOfRangeException>(() => vectors[-1]);
    }

    [Fact]
    public async Task Enabling_that_is_refused_leaves_nothing_behind()
    {
        function.Refuses = call => call.StartsWith("MSI-X", StringComparison.Ordinal);
        await Should.ThrowAsync<PciException>(async () => await function.EnableMsixAsync(3, Stop));

        function.Refuses = _ => false;
        using MsiVectors vectors = await function.EnableMsiAsync(1, Stop);
        function.Raise(0);
        await vectors[0].WaitAsync(Stop).Soon();
    }

    [Fact]
    public async Task One_way_of_interrupting_at_a_time()
    {
        MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        await Should.ThrowAsync<InvalidOperationException>(async () => await function.EnableMsiAsync(1, Stop));
        vectors.Dispose();
        vectors.Dispose();
        using MsiVectors others = await function.EnableMsiAsync(1, Stop);
        vectors.Dispose();
        function.Calls.ShouldBe(["MSI-X 0+ set", "MSI-X off", "MSI 0+ set"]);
    }

    [Fact]
    public async Task Growing_gives_the_new_vectors_their_eventfds_alone_where_the_kernel_can()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(2, Stop);
        InterruptVector first = vectors[0];
        ValueTask wait = first.WaitAsync(Stop);

        await vectors.ResizeAsync(4, Stop);

        vectors.Count.ShouldBe(4);
        vectors[0].ShouldBeSameAs(first);
        function.Calls.ShouldBe(["MSI-X 0+ set set", "MSI-X 2+ set set"]);
        function.Raise(3);
        await vectors[3].WaitAsync(Stop).Soon();
        function.Raise(0);
        await wait.Soon();
    }

    [Fact]
    public async Task Growing_turns_all_off_and_on_again_where_it_cannot_and_masked_vectors_stay_masked()
    {
        await using var rigid = new FakeFunction(loop, canResize: false);
        using MsixVectors vectors = await rigid.EnableMsixAsync(2, Stop);
        vectors[1].Mask();
        ValueTask wait = vectors[0].WaitAsync(Stop);
        rigid.During = call =>
        {
            if (call == "MSI-X off")
            {
                rigid.Raise(0);
            }
        };

        await vectors.ResizeAsync(3, Stop);

        rigid.Calls.ShouldBe(["MSI-X 0+ set set", "MSI-X 1+ none", "MSI-X off", "MSI-X 0+ set none set"]);
        await wait.Soon();
    }

    [Fact]
    public async Task What_the_kernel_kept_through_shrinking_comes_back_without_turning_all_off()
    {
        await using var rigid = new FakeFunction(loop, canResize: false);
        using MsixVectors vectors = await rigid.EnableMsixAsync(3, Stop);
        await vectors.ResizeAsync(1, Stop);
        await vectors.ResizeAsync(3, Stop);
        rigid.Calls.ShouldBe(["MSI-X 0+ set set set", "MSI-X 1+ none none", "MSI-X 1+ set set"]);
    }

    [Fact]
    public async Task Shrinking_ends_the_waits_for_what_is_removed()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(3, Stop);
        InterruptVector removed = vectors[2];
        ValueTask wait = removed.WaitAsync(Stop);

        await vectors.ResizeAsync(2, Stop);

        await Should.ThrowAsync<ObjectDisposedException>(() => wait.Soon());
        vectors.Count.ShouldBe(2);
        Should.Throw<ObjectDisposedException>(removed.Mask);

        await vectors.ResizeAsync(3, Stop);
        vectors[2].ShouldNotBeSameAs(removed);
        await Should.ThrowAsync<ObjectDisposedException>(async () => await removed.WaitAsync(Stop));
        Should.Throw<ObjectDisposedException>(removed.Mask);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(FakeFunction.Vectors + 1)]
    public async Task A_count_out_of_range_is_refused(int count)
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await vectors.ResizeAsync(count, Stop));
        await Should.ThrowAsync<OperationCanceledException>(async () => await vectors.ResizeAsync(2, new CancellationToken(true)));
        vectors.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_refused_growth_leaves_what_was_enabled(bool canResize)
    {
        await using var limited = new FakeFunction(loop, canResize);
        using MsixVectors vectors = await limited.EnableMsixAsync(1, Stop);
        limited.Refuses = call => call is "MSI-X 0+ set set" or "MSI-X 1+ set";

        await Should.ThrowAsync<PciException>(async () => await vectors.ResizeAsync(2, Stop));

        vectors.Count.ShouldBe(1);
        limited.Raise(0);
        await vectors[0].WaitAsync(Stop).Soon();
    }

    [Fact]
    public async Task Waits_end_where_a_refused_growth_left_nothing_enabled()
    {
        await using var broken = new FakeFunction(loop, canResize: false);
        using MsixVectors vectors = await broken.EnableMsixAsync(1, Stop);
        ValueTask wait = vectors[0].WaitAsync(Stop);
        broken.Refuses = call => call.StartsWith("MSI-X 0+", StringComparison.Ordinal);

        await Should.ThrowAsync<PciException>(async () => await vectors.ResizeAsync(2, Stop));

        await Should.ThrowAsync<ObjectDisposedException>(() => wait.Soon());
        Should.Throw<ObjectDisposedException>(vectors[0].Mask);
    }

    [Fact]
    public async Task Readers_see_a_count_and_vectors_that_fit_while_the_set_is_resized_masked_and_signalled()
    {
        using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
        bool done = false;
        Task reader = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
            {
                int index = 0;
                foreach (InterruptVector vector in vectors)
                {
                    vector.Index.ShouldBe(index++);
                }

                index.ShouldBeInRange(1, FakeFunction.Vectors);
            }
        }, Stop);
        Task masker = Task.Run(() =>
        {
            while (!Volatile.Read(ref done))
            {
                vectors[0].Mask();
                vectors[0].Unmask();
                function.Raise(FakeFunction.Vectors - 1);
            }
        }, Stop);
        for (int i = 0; i < Fuzz.Iterations(300); i++)
        {
            await vectors.ResizeAsync(1 + (i % FakeFunction.Vectors), Stop);
        }

        Volatile.Write(ref done, true);
        await Task.WhenAll(reader, masker).Soon();
        function.WasCalledConcurrently.ShouldBeFalse();
    }
}
