using VfioSharp.Devices;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Testing.Faults;

namespace VfioSharp.Testing.Tests.Faults;

public class InterruptFaultTests
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    public static TheoryData<bool> Sides => [true, false];

    [Theory, MemberData(nameof(Sides))]
    public async Task A_lost_interrupt_never_comes(bool inside)
    {
        await using var rig = await Rig.OpenAsync(inside, "interrupt drop vector=1 limit=1");
        rig.Probe.Signal(1);
        await rig.FlushAsync();
        rig.Vectors[1].TryTake().ShouldBeFalse();
        rig.Probe.Signal(1);
        await Rig.HearAsync(rig.Vectors[1]);
    }

    [Theory, MemberData(nameof(Sides))]
    public async Task A_delayed_interrupt_comes_with_the_next(bool inside)
    {
        await using var rig = await Rig.OpenAsync(inside, "interrupt delay vector=1 limit=1 after=1");
        rig.Probe.Signal(1);
        await rig.FlushAsync();
        await Rig.HearAsync(rig.Vectors[1]);
    }

    [Theory, MemberData(nameof(Sides))]
    public async Task A_duplicated_interrupt_comes_again_for_no_reason(bool inside)
    {
        await using var rig = await Rig.OpenAsync(inside, "interrupt duplicate vector=1 limit=1 after=1");
        rig.Probe.Signal(1);
        await Rig.HearAsync(rig.Vectors[1]);
        await rig.FlushAsync();
        await Rig.HearAsync(rig.Vectors[1]);
    }

    [Theory, MemberData(nameof(Sides))]
    public async Task A_corrupted_interrupt_comes_as_another_vectors(bool inside)
    {
        await using var rig = await Rig.OpenAsync(inside, "interrupt corrupt vector=1 limit=1");
        Task[] others = [.. new[] { 0, 2, 3 }.Select(vector => rig.Vectors[vector].WaitAsync(TestContext.Current.CancellationToken).AsTask())];
        rig.Probe.Signal(1);
        await Task.WhenAny(others).WaitAsync(Patience, TestContext.Current.CancellationToken);
        rig.Vectors[1].TryTake().ShouldBeFalse();
    }

    [Fact]
    public async Task A_removal_by_an_interrupt_ends_the_waits()
    {
        await using var rig = await Rig.OpenAsync(inside: false, "interrupt remove vector=2");
        Task wait = rig.Vectors[2].WaitAsync(TestContext.Current.CancellationToken).AsTask();
        rig.Probe.Signal(2);
        await Should.ThrowAsync<DeviceLostException>(() => wait.WaitAsync(Patience, TestContext.Current.CancellationToken));
    }

    private sealed class Rig(Probe probe, PciFunction function, MsixVectors vectors) : IAsyncDisposable
    {
        public Probe Probe => probe;

        public MsixVectors Vectors => vectors;

        public static async Task<Rig> OpenAsync(bool inside, string rules)
        {
            var probe = new Probe();
            PciFunction function = inside
                ? Probe.Attach(probe, $"seed=1; {rules}", out _) : FaultyFunction.Wrap(Loopback.Attach(probe), FaultPlan.Parse($"seed=1; {rules}"));
            return new Rig(probe, function, await function.EnableMsixAsync(4));
        }

        /// <summary>Another vector's interrupt, which comes after what was signalled before.</summary>
        public async Task FlushAsync()
        {
            Probe.Signal(0);
            await HearAsync(Vectors[0]);
        }

        public static async Task HearAsync(InterruptVector vector)
        {
            CancellationToken stop = TestContext.Current.CancellationToken;
            await vector.WaitAsync(stop).AsTask().WaitAsync(Patience, stop);
        }

        public async ValueTask DisposeAsync()
        {
            vectors.Dispose();
            await function.DisposeAsync();
        }
    }
}
