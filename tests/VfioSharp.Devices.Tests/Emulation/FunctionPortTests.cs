using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;
using VfioSharp.Pci.Configuration;
using VfioSharp.Tests.Fuzzing;

namespace VfioSharp.Devices.Tests.Emulation;

public sealed class FunctionPortTests : IAsyncDisposable
{
    private readonly TestFunction function = new(TestFunction.LayoutOf(BarLayout.Memory32(0, 4096), BarLayout.Msix(1, 4), BarLayout.Memory64(2, 1 << 20), BarLayout.Io(4, 16)) with
    {
        MsiVectors = 4,
        Pin = InterruptPin.A,
    });

    private readonly FunctionPort port;
    private readonly EventFd[] eventFds = [.. Enumerable.Range(0, 4).Select(_ => EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno _)!)];

    public FunctionPortTests()
    {
        port = FunctionPort.Attach(function);
        function.PowerOn();
    }

    public async ValueTask DisposeAsync()
    {
        await port.DisposeAsync();
        Array.ForEach(eventFds, eventFd => eventFd.Dispose());
    }

    [Fact]
    public async Task A_function_has_one_client_at_a_time()
    {
        Should.Throw<DeviceBusyException>(() => FunctionPort.Attach(function));
        await port.DisposeAsync();
        await using FunctionPort next = FunctionPort.Attach(function);
        await port.DisposeAsync();
        Should.Throw<DeviceBusyException>(() => FunctionPort.Attach(function));
    }

    [Fact]
    public void BARs_are_given_addresses_apart_and_keep_those_they_have()
    {
        BarSet bars = BarSet.FromHeader(function.Configuration());
        foreach (BarLayout bar in function.Layout.Bars)
        {
            bars[bar.Index].Kind.ShouldBe(bar.Kind);
            bars[bar.Index].Address.ShouldNotBe(0UL);
            (bars[bar.Index].Address % bar.Length).ShouldBe(0UL);
        }

        bars.Where(bar => bar.IsImplemented).Select(bar => bar.Address).Distinct().Count().ShouldBe(4);
    }

    [Theory]
    [InlineData(nameof(InterruptKind.Msi))]
    [InlineData(nameof(InterruptKind.Msix))]
    public void A_vector_signals_its_eventfd_and_one_without_stays_pending_until_it_is_given_one(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        port.SetTriggers(kind, 0, [eventFds[0], null, eventFds[2], null]);
        function.Raise(2);
        function.Raise(1);
        Counts().ShouldBe([0, 0, 1, 0]);
        port.SetTriggers(kind, 1, [eventFds[1]]);
        Counts().ShouldBe([0, 1, 0, 0]);
        port.SetTriggers(kind, 0, [null]);
        function.Raise(0);
        function.Raise(2);
        Counts().ShouldBe([0, 0, 1, 0]);
        port.SetTriggers(kind, 0, [eventFds[0]]);
        Counts().ShouldBe([1, 0, 0, 0]);
    }

    [Fact]
    public void The_port_masks_and_enables_as_a_host_does()
    {
        MsixControl().ShouldBe((false, false));
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0], null]);
        MsixControl().ShouldBe((true, false));
        Masks().ShouldBe([false, true, true, true]);
        port.ClearTriggers(InterruptKind.Msix);
        MsixControl().ShouldBe((false, false));
        Masks().ShouldBe([true, true, true, true]);
    }

    [Fact]
    public void A_client_that_writes_the_table_itself_is_obeyed()
    {
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0]]);
        function.WriteBus(1, 12, 4, 1);
        function.Raise(0);
        Counts().ShouldBe([0, 0, 0, 0]);
        function.WriteBus(1, 12, 4, 0);
        Counts().ShouldBe([1, 0, 0, 0]);

        // Unmasked without an eventfd: pending, and signalled when it is given one.
        function.WriteBus(1, 16 + 12, 4, 0);
        function.Raise(1);
        function.ReadBus(1, 0x800, 8).ShouldBe(2UL);
        port.SetTriggers(InterruptKind.Msix, 1, [eventFds[1]]);
        Counts().ShouldBe([0, 1, 0, 0]);
        function.ReadBus(1, 0x800, 8).ShouldBe(0UL);
    }

    [Fact]
    public void An_eventfd_that_its_owner_closed_breaks_nothing()
    {
        using (EventFd closed = EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno _)!)
        {
            port.SetTriggers(InterruptKind.Msix, 0, [closed]);
        }

        function.Raise(0);
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0]]);
        Counts().ShouldBe([1, 0, 0, 0]);
    }

    [Fact]
    public void MSI_is_given_as_many_vectors_as_the_next_power_of_two()
    {
        port.SetTriggers(InterruptKind.Msi, 0, [eventFds[0], eventFds[1], eventFds[2]]);
        MsiCapability msi = function.Configuration().Capabilities.Msi!.Value;
        (msi.IsEnabled, msi.VectorsEnabled).ShouldBe((true, 4));
        port.ClearTriggers(InterruptKind.Msi);
        function.Configuration().Capabilities.Msi!.Value.IsEnabled.ShouldBeFalse();
    }

    [Fact]
    public void An_MSI_vector_without_an_eventfd_stays_a_vector_of_its_own()
    {
        port.SetTriggers(InterruptKind.Msi, 0, [eventFds[0], eventFds[1]]);
        port.SetTriggers(InterruptKind.Msi, 1, [null]);
        function.Raise(1);
        Counts().ShouldBe([0, 0, 0, 0]);
        port.SetTriggers(InterruptKind.Msi, 1, [eventFds[1]]);
        Counts().ShouldBe([0, 1, 0, 0]);
    }

    [Fact]
    public async Task A_line_that_was_up_before_the_client_came_fires_when_it_is_taken()
    {
        function.SetIntx(true);
        await port.DisposeAsync();
        await using FunctionPort next = FunctionPort.Attach(function);
        next.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        Counts()[0].ShouldBe(1UL);
    }

    [Fact]
    public void The_line_is_masked_when_it_fires_and_fires_again_when_unmasked_if_still_up()
    {
        port.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        function.SetIntx(true);
        function.SetIntx(false);
        function.SetIntx(true);
        Counts()[0].ShouldBe(1UL);
        port.UnmaskIntx();
        Counts()[0].ShouldBe(1UL);
        function.SetIntx(false);
        port.UnmaskIntx();
        Counts()[0].ShouldBe(0UL);
        port.SetMask(InterruptKind.Intx, 0, true);
        function.SetIntx(true);
        Counts()[0].ShouldBe(0UL);
        port.UnmaskIntx();
        Counts()[0].ShouldBe(1UL);
    }

    [Fact]
    public void A_line_that_is_up_when_it_is_taken_fires()
    {
        function.SetIntx(true);
        port.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        Counts()[0].ShouldBe(1UL);
    }

    [Fact]
    public void Events_that_are_no_interrupts_have_eventfds_too()
    {
        port.Trigger(InterruptKind.Request, 0);
        port.SetTriggers(InterruptKind.Error, 0, [eventFds[0]]);
        port.SetTriggers(InterruptKind.Request, 0, [eventFds[1]]);
        port.Trigger(InterruptKind.Request, 0);
        Counts().ShouldBe([0, 1, 0, 0]);
    }

    [Fact]
    public async Task Memory_is_taken_away_when_the_function_is_quiet_and_holds_none()
    {
        byte[] bytes = GC.AllocateArray<byte>(4096, pinned: true);
        port.AddMemory(new AddressRegion(new Iova(0x1000), Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), 4096, DmaAccess.ReadWrite)).ShouldBeTrue();
        MemoryLease lease = default;
        function.SystemMemory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out lease).ShouldBeTrue();
        bool isThereMeanwhile = false;
        function.Quiesces = async () =>
        {
            await Task.Yield();
            isThereMeanwhile = function.SystemMemory.TryWrite(new Iova(0x1000), [7]);
            lease.Dispose();
        };
        (await port.RemoveMemoryAsync(new Iova(0x1000), new Iova(0x1FFF))).ShouldBe(1);
        function.Calls.ShouldBe(["quiesce", "resume"]);
        isThereMeanwhile.ShouldBeTrue("what was begun ends well");
        bytes[0].ShouldBe((byte)7);
        function.SystemMemory.TryRead(new Iova(0x1000), new byte[1]).ShouldBeFalse();
        (await port.RemoveMemoryAsync(new Iova(0x1000), new Iova(0x1FFF))).ShouldBe(0);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task Memory_is_taken_away_though_the_author_s_handler_fails(bool byCancellation)
    {
        var faults = new List<string>();
        function.Faulted += (_, fault) =>
        {
            faults.Add(fault.Operation);
            throw new InvalidOperationException("a careless listener");
        };
        function.Quiesces = () => throw (byCancellation ? new OperationCanceledException("its own work's") : new InvalidOperationException("busy"));
        byte[] bytes = GC.AllocateArray<byte>(4096, pinned: true);
        port.AddMemory(new AddressRegion(new Iova(0x1000), Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), 4096, DmaAccess.ReadWrite)).ShouldBeTrue();
        function.SystemMemory.TryLease(new Iova(0x1000), 8, DmaAccess.Read, out MemoryLease lease).ShouldBeTrue();
        Task<int> removal = port.RemoveMemoryAsync(new Iova(0x1000), new Iova(0x1FFF)).AsTask();
        removal.IsCompleted.ShouldBeFalse();
        lease.Dispose();
        (await removal).ShouldBe(1);
        faults.ShouldBe(["quiesce"]);
    }

    [Fact]
    public async Task A_signal_that_races_with_masking_arrives_exactly_once()
    {
        int rounds = Fuzz.Iterations(2_000, longFactor: 50);
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0]]);
        for (int round = 0; round < rounds; round++)
        {
            Task raising = Task.Run(() => function.Raise(0), TestContext.Current.CancellationToken);
            port.SetTriggers(InterruptKind.Msix, 0, [null]);
            Thread.SpinWait(round % 50);
            port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0]]);
            await raising;
            Counts()[0].ShouldBe(1UL, $"round {round}");
        }
    }

    [Fact]
    public async Task A_reset_brings_back_what_the_host_had_programmed()
    {
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0], null, eventFds[2]]);
        function.Raise(1);
        BarSet before = BarSet.FromHeader(function.Configuration());
        await port.ResetAsync(TestContext.Current.CancellationToken);

        BarSet.FromHeader(function.Configuration()).ShouldBe(before);
        function.Configuration().Command.ShouldBe(PciCommand.IoSpace | PciCommand.MemorySpace | PciCommand.BusMaster);
        MsixControl().ShouldBe((true, false));
        Masks().ShouldBe([false, true, false, true]);
        port.SetTriggers(InterruptKind.Msix, 1, [eventFds[1]]);
        Counts().ShouldBe([0, 0, 0, 0]);
        function.Raise(2);
        Counts().ShouldBe([0, 0, 1, 0]);
    }

    [Fact]
    public async Task A_client_that_goes_leaves_the_function_as_it_is_but_quiet()
    {
        byte[] bytes = GC.AllocateArray<byte>(4096, pinned: true);
        port.AddMemory(new AddressRegion(new Iova(0x1000), Marshal.UnsafeAddrOfPinnedArrayElement(bytes, 0), 4096, DmaAccess.ReadWrite)).ShouldBeTrue();
        port.SetTriggers(InterruptKind.Msix, 0, eventFds);
        await port.DisposeAsync();

        function.Calls.ShouldBe(["quiesce", "resume"]);
        function.Configuration().Command.ShouldBe(PciCommand.IoSpace | PciCommand.MemorySpace);
        MsixControl().ShouldBe((false, false));
        Masks().ShouldAllBe(masked => masked);
        function.Raise(0);
        Counts().ShouldBe([0, 0, 0, 0]);
        function.PowerOn();
        function.SystemMemory.TryRead(new Iova(0x1000), new byte[1]).ShouldBeFalse();
    }

    private ulong[] Counts() => [.. eventFds.Select(eventFd => eventFd.TryRead(out ulong count) ? count : 0)];

    private bool[] Masks() => [.. Enumerable.Range(0, 4).Select(vector => (function.ReadBus(1, ((ulong)vector * 16) + 12, 4) & 1) != 0)];

    private (bool IsEnabled, bool IsMasked) MsixControl()
    {
        var msix = function.Configuration().Capabilities.Msix!.Value;
        return (msix.IsEnabled, msix.IsFunctionMasked);
    }
}
