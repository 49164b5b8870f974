using System.IO.MemoryMappedFiles;
using System.Runtime.CompilerServices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Pci.Configuration;
using static VfioSharp.Samples.Tests.EndpointConstants;

namespace VfioSharp.Samples.Tests;

/// <summary>Transfers of 4 GiB, so that what happens meanwhile happens meanwhile. It is the same memory over and over, hardly touched.</summary>
public sealed class EndpointLongTransferTests : IAsyncDisposable
{
    private const int WindowLength = 64 << 20;
    private const int Windows = 64;
    private const int Part = 4 << 20;

    private static readonly Iova Start = new(1UL << 40);

    private readonly EndpointRig rig = new();
    private readonly MemoryMappedFile file = MemoryMappedFile.CreateNew(null, WindowLength);
    private readonly MemoryMappedViewAccessor view;
    private readonly List<DmaBuffer> windows = [];

    public EndpointLongTransferTests()
    {
        view = file.CreateViewAccessor();
        for (int i = 0; i < Windows; i++)
        {
            windows.Add(rig.Function.Dma.Map(view.SafeMemoryMappedViewHandle, new DmaOptions { At = Start + ((ulong)i * WindowLength) }));
        }

        rig.TellBy(Msix, 1);
        rig.Move(Start, Start, uint.MaxValue);
    }

    private Registers Registers => rig.Registers;

    public async ValueTask DisposeAsync()
    {
        await rig.DisposeAsync();
        windows.ForEach(window => window.Dispose());
        view.Dispose();
        file.Dispose();
    }

    [Fact]
    public void A_command_returns_while_its_transfer_goes_on_and_the_next_one_waits()
    {
        Registers.Write32(Command, Read);
        Registers.Read32(Command).ShouldBe(0u);
        Registers.Read32(Status).ShouldBe(0u);
        rig.TellBy(Msix, 2);
        Registers.Write32(Command, RaiseMsix);
        Registers.Read32(Command).ShouldBe(RaiseMsix);
        Registers.Read32(Status).ShouldBe(0u);

        // Ends it before its time. Both commands are told of, by the vector that is asked for at their ends.
        rig.Function.Configuration.SetCommand(PciCommand.BusMaster, false);
        Patience.Until(() => Registers.Read32(Command) == 0);
        Registers.Read32(Status).ShouldBe(IrqRaised);
        rig.Pending().ShouldBe(0b10ul);
    }

    [Fact]
    public void A_transfer_that_loses_its_memory_fails()
    {
        Registers.Write32(Command, Read);
        windows.ForEach(window => window.Dispose());
        rig.StatusAtEnd().ShouldBe(ReadFail | SourceInvalid | IrqRaised);
        rig.Pending().ShouldBe(1ul);
    }

    [Fact]
    public void Memory_of_others_is_taken_away_without_waiting_for_the_end_of_a_transfer()
    {
        Registers.Write32(Command, Read);
        for (int i = 0; i < 10; i++)
        {
            rig.Function.Dma.Allocate(4096).Dispose();
            Registers.Read32(Status).ShouldBe(0u);
        }
    }

    [Fact]
    public void A_transfer_that_is_held_up_often_misses_nothing_and_repeats_nothing()
    {
        new Random(1).NextBytes(windows[0].Slice(0, Part));
        Registers.Write32(Size, Part);
        Registers.Write32(Checksum, KernelCrc.Of(windows[0].Slice(0, Part)));
        DmaBarrier.BeforeDoorbell();
        Registers.Write32(Command, Read);
        do
        {
            rig.Function.Dma.Allocate(4096).Dispose();
        }
        while (Registers.Read32(Status) == 0);
        Registers.Read32(Status).ShouldBe(ReadSuccess | IrqRaised);
    }

    [Fact]
    public async Task A_quiet_function_takes_commands_and_works_when_it_may_again()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        await QuiesceAsync(rig.Model, stop);
        rig.Move(Start, Start, 4096);
        Registers.Write32(Command, Write);
        await Task.Delay(TimeSpan.FromMilliseconds(50), stop);
        Registers.Read32(Status).ShouldBe(0u);
        windows[0].Slice(0, 4096).IndexOfAnyExcept((byte)0).ShouldBe(-1);

        OnResume(rig.Model);
        rig.StatusAtEnd().ShouldBe(WriteSuccess | IrqRaised);
        Registers.Read32(Checksum).ShouldBe(KernelCrc.Of(windows[0].Slice(0, 4096)));
    }

    [Fact]
    public async Task A_quiet_function_leaves_memory_alone_in_the_midst_of_a_transfer()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        Registers.Write32(Command, Write);
        await QuiesceAsync(rig.Model, stop);
        windows[0].Span.Clear();
        await Task.Delay(TimeSpan.FromMilliseconds(50), stop);
        windows[0].Span.IndexOfAnyExcept((byte)0).ShouldBe(-1);

        OnResume(rig.Model);
        Patience.Until(() => windows[0].Span.IndexOfAnyExcept((byte)0) >= 0);
        Registers.Read32(Status).ShouldBe(0u);
    }

    [Fact]
    public async Task A_quiesce_that_is_given_up_leaves_one_task_at_work()
    {
        Registers.Write32(Command, Read);
        using var stop = new CancellationTokenSource();
        await stop.CancelAsync();
        await Should.ThrowAsync<OperationCanceledException>(async () => await QuiesceAsync(rig.Model, stop.Token));
        OnResume(rig.Model);
        windows.ForEach(window => window.Dispose());
        rig.StatusAtEnd().ShouldBe(ReadFail | SourceInvalid | IrqRaised);
        rig.Carry(RaiseMsix).ShouldBe(IrqRaised);
    }

    [Fact]
    public async Task A_reset_ends_a_transfer_of_which_nothing_is_heard_again()
    {
        CancellationToken stop = TestContext.Current.CancellationToken;
        using MsixVectors vectors = await rig.Function.EnableMsixAsync(2, stop);
        Registers.Write32(Command, Copy);
        Registers.Write32(Command, RaiseMsix);
        await rig.Function.ResetAsync(stop);
        Registers.Read32(Command).ShouldBe(0u);
        Registers.Read32(Status).ShouldBe(0u);
        Registers.Read32(Size).ShouldBe(0u);

        // Another transfer is not behind the one that was dropped.
        rig.TellBy(Msix, 2);
        rig.Move(Start, Start, 4096);
        Registers.Write32(Command, Write);
        await vectors[1].WaitAsync(stop).Soon();
        Registers.Read32(Status).ShouldBe(WriteSuccess | IrqRaised);
        vectors[0].TryTake().ShouldBeFalse();
    }

    [Fact]
    public async Task A_driver_can_leave_in_the_midst_of_a_transfer_and_another_come()
    {
        Registers.Write32(Command, Read);
        await rig.DisposeAsync();
        await using var next = Devices.Loopback.Attach(rig.Model);
        using Bar bar = next.MapBar(0);
        Patience.Until(() => bar.Registers.Read32(Status) != 0);
        bar.Registers.Read32(Status).ShouldBe(ReadFail | SourceInvalid | IrqRaised);
    }

    // What a server calls before it saves a function's state; Loopback does it only as long as it takes memory away.
    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern ValueTask QuiesceAsync(EndpointTest function, CancellationToken cancellationToken);

    [UnsafeAccessor(UnsafeAccessorKind.Method)]
    private static extern void OnResume(EndpointTest function);
}
