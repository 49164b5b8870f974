using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Joining;
using VfioSharp.Devices.Seam;
using VfioSharp.Devices.Tests.Interrupts;
using VfioSharp.Pci.Configuration;

namespace VfioSharp.Devices.Tests.Emulation;

/// <summary>A client that masks by request, hears of masks, and tries its own wiring.</summary>
public sealed class FunctionPortMaskTests : IAsyncDisposable
{
    private const int Vectors = 4;

    private readonly TestFunction function = new(TestFunction.LayoutOf(BarLayout.Memory32(0, 4096), BarLayout.Msix(1, Vectors)) with
    {
        MsiVectors = Vectors,
        Pin = InterruptPin.A,
    });

    private readonly FunctionPort port;
    private readonly EventFd[] eventFds = Make();
    private readonly EventFd[] masks = Make();
    private readonly EventFd[] unmasks = Make();

    public FunctionPortMaskTests()
    {
        port = FunctionPort.Attach(function);
        function.PowerOn();
    }

    public static TheoryData<string> Messages => [nameof(InterruptKind.Msi), nameof(InterruptKind.Msix)];

    public async ValueTask DisposeAsync()
    {
        await port.DisposeAsync();
        foreach (EventFd eventFd in eventFds.Concat(masks).Concat(unmasks))
        {
            eventFd.Dispose();
        }
    }

    [Theory, MemberData(nameof(Messages))]
    public void A_masked_vector_is_signalled_once_when_it_is_unmasked_if_it_was_raised_meanwhile(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        port.SetTriggers(kind, 0, eventFds);
        port.SetMask(kind, 1, true);
        function.Raise(1);
        function.Raise(1);
        function.Raise(2);
        Counts(eventFds).ShouldBe([0, 0, 1, 0]);
        Pending(kind).ShouldBe(0b10UL);
        port.SetMask(kind, 1, false);
        Counts(eventFds).ShouldBe([0, 1, 0, 0]);
        Pending(kind).ShouldBe(0UL);
        port.SetMask(kind, 1, false);
        Counts(eventFds).ShouldBe([0, 0, 0, 0]);
    }

    [Theory, MemberData(nameof(Messages))]
    public void A_vector_that_is_given_an_eventfd_is_unmasked(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        port.SetTriggers(kind, 0, eventFds);
        port.SetMask(kind, 1, true);
        function.Raise(1);
        port.SetTriggers(kind, 1, [eventFds[3]]);
        Counts(eventFds).ShouldBe([0, 0, 0, 1], "what was pending goes to the new one");
    }

    [Theory, MemberData(nameof(Messages))]
    public void Notices_tell_of_masks_that_changed_and_of_no_others(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        port.SetTriggers(kind, 0, eventFds);
        port.SetNotices(kind, masked: true, 0, masks);
        port.SetNotices(kind, masked: false, 0, unmasks);
        Counts(masks, unmasks).ShouldBe("0 0 0 0, 0 0 0 0");
        port.SetMask(kind, 1, true);
        port.SetMask(kind, 1, true);
        Counts(masks, unmasks).ShouldBe("0 1 0 0, 0 0 0 0");
        port.SetMask(kind, 1, false);
        port.SetMask(kind, 1, false);
        Counts(masks, unmasks).ShouldBe("0 0 0 0, 0 1 0 0");

        port.SetTriggers(kind, 2, [null, eventFds[3]]);
        Counts(masks, unmasks).ShouldBe("0 0 1 0, 0 0 0 0", "a vector without an eventfd is masked");
        port.SetNotices(kind, masked: true, 1, [null]);
        port.SetMask(kind, 1, true);
        Counts(masks, unmasks).ShouldBe("0 0 0 0, 0 0 0 0");
        port.ClearTriggers(kind);
        port.SetTriggers(kind, 0, eventFds);
        Counts(masks, unmasks).ShouldBe("0 0 0 0, 0 0 0 0", "turned off, it has no notices any more");
    }

    [Fact]
    public void A_mask_that_the_client_writes_in_the_table_is_told_too()
    {
        port.SetTriggers(InterruptKind.Msix, 0, eventFds);
        port.SetNotices(InterruptKind.Msix, masked: true, 0, masks);
        port.SetNotices(InterruptKind.Msix, masked: false, 0, unmasks);
        function.WriteBus(1, (3 * 16) + 12, 4, 1).ShouldBeTrue();
        Counts(masks, unmasks).ShouldBe("0 0 0 1, 0 0 0 0");
        function.WriteBus(1, 3 * 16, 8, 0xFEE0_0000).ShouldBeTrue();
        function.WriteBus(1, (3 * 16) + 8, 8, 0).ShouldBeTrue();
        Counts(masks, unmasks).ShouldBe("0 0 0 0, 0 0 0 1");
    }

    [Fact]
    public void A_line_masks_itself_when_it_fires_and_both_are_told()
    {
        port.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        port.SetNotices(InterruptKind.Intx, masked: true, 0, [masks[0]]);
        port.SetNotices(InterruptKind.Intx, masked: false, 0, [unmasks[0]]);
        function.SetIntx(true);
        (Counts(eventFds)[0], Counts(masks, unmasks)).ShouldBe((1UL, "1 0 0 0, 0 0 0 0"));
        port.UnmaskIntx();
        (Counts(eventFds)[0], Counts(masks, unmasks)).ShouldBe((1UL, "1 0 0 0, 1 0 0 0"), "it is up still, so it fires and masks itself again");
        function.SetIntx(false);
        port.UnmaskIntx();
        (Counts(eventFds)[0], Counts(masks, unmasks)).ShouldBe((0UL, "0 0 0 0, 1 0 0 0"));
        port.SetMask(InterruptKind.Intx, 0, true);
        function.SetIntx(true);
        (Counts(eventFds)[0], Counts(masks, unmasks)).ShouldBe((0UL, "1 0 0 0, 0 0 0 0"));
        port.SetMask(InterruptKind.Intx, 0, false);
        Counts(eventFds)[0].ShouldBe(1UL);
    }

    [Theory]
    [InlineData(nameof(InterruptKind.Intx))]
    [InlineData(nameof(InterruptKind.Msi))]
    [InlineData(nameof(InterruptKind.Msix))]
    public void A_client_that_tries_its_wiring_is_signalled_whatever_the_mask_and_nothing_else_changes(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        port.Trigger(kind, 0);
        port.SetTriggers(kind, 0, [eventFds[0]]);
        port.SetMask(kind, 0, true);
        port.Trigger(kind, 0);
        Counts(eventFds).ShouldBe([1, 0, 0, 0]);
        port.SetMask(kind, 0, false);
        Counts(eventFds).ShouldBe([0, 0, 0, 0], "nothing was pending");
        port.Signals.ShouldBe(0L, "the function has not signalled");
        function.ReadConfig(6, 2).ShouldBe(0x10u, "nor asserted anything");
    }

    [Fact]
    public void Signals_are_counted_when_they_reach_the_client()
    {
        port.SetTriggers(InterruptKind.Msix, 0, [eventFds[0], eventFds[1], null, null]);
        function.Raise(0);
        function.Raise(0);
        port.Signals.ShouldBe(2L);
        function.Raise(3);
        port.SetMask(InterruptKind.Msix, 1, true);
        function.Raise(1);
        port.Signals.ShouldBe(2L);
        port.SetMask(InterruptKind.Msix, 1, false);
        port.Signals.ShouldBe(3L);
        port.ClearTriggers(InterruptKind.Msix);
        port.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        function.SetIntx(true);
        port.Signals.ShouldBe(4L);
    }

    [Fact]
    public async Task Masks_outlive_a_reset()
    {
        port.SetTriggers(InterruptKind.Msix, 0, eventFds);
        port.SetMask(InterruptKind.Msix, 1, true);
        await port.ResetAsync(TestContext.Current.CancellationToken);
        function.Raise(0);
        function.Raise(1);
        Counts(eventFds).ShouldBe([1, 0, 0, 0]);
        port.SetMask(InterruptKind.Msix, 1, false);
        Counts(eventFds).ShouldBe([0, 1, 0, 0]);

        port.ClearTriggers(InterruptKind.Msix);
        port.SetTriggers(InterruptKind.Msi, 0, eventFds);
        port.SetMask(InterruptKind.Msi, 2, true);
        await port.ResetAsync(TestContext.Current.CancellationToken);
        function.Raise(2);
        function.Raise(3);
        Counts(eventFds).ShouldBe([0, 0, 0, 1]);
        port.SetMask(InterruptKind.Msi, 2, false);
        Counts(eventFds).ShouldBe([0, 0, 1, 0]);
    }

    [Fact]
    public async Task A_line_that_was_masked_stays_masked_through_a_reset()
    {
        port.SetTriggers(InterruptKind.Intx, 0, [eventFds[0]]);
        port.SetMask(InterruptKind.Intx, 0, true);
        await port.ResetAsync(TestContext.Current.CancellationToken);
        function.SetIntx(true);
        Counts(eventFds)[0].ShouldBe(0UL);
        port.UnmaskIntx();
        Counts(eventFds)[0].ShouldBe(1UL);
    }

    [Theory]
    [InlineData(nameof(InterruptKind.Intx))]
    [InlineData(nameof(InterruptKind.Msi))]
    [InlineData(nameof(InterruptKind.Msix))]
    public async Task A_client_s_eventfd_that_is_full_and_blocks_keeps_nobody_up(string name)
    {
        InterruptKind kind = Enum.Parse<InterruptKind>(name);
        using EventFd own = EventFd.Create(0, out _)!;
        using EventFd peer = EventFd.FromPeer(own.File.Duplicate(out _)!).ShouldNotBeNull();
        own.Signal(ulong.MaxValue - 1).ShouldBe(Errno.None);
        var raising = Task.Run(() =>
        {
            port.SetTriggers(kind, 0, [peer]);
            port.SetNotices(kind, masked: true, 0, [peer]);
            port.SetNotices(kind, masked: false, 0, [peer]);
            if (kind == InterruptKind.Intx)
            {
                function.SetIntx(true);
            }
            else
            {
                function.Raise(0);
            }

            port.Trigger(kind, 0);
            port.SetMask(kind, 0, true);
            port.SetMask(kind, 0, false);
        }, TestContext.Current.CancellationToken);
        await raising.Soon();
        own.Read(out ulong count).ShouldBe(Errno.None);
        count.ShouldBe(ulong.MaxValue - 1, "whoever waits for it has been woken already");
        Pending(kind).ShouldBe(0UL);
    }

    [Fact]
    public async Task Only_what_its_BARs_need_is_enabled_when_it_is_attached()
    {
        function.SetCommand(PciCommand.None);
        await port.DisposeAsync();
        await using (FunctionPort next = FunctionPort.Attach(function))
        {
            function.Configuration().Command.ShouldBe(PciCommand.MemorySpace, "there are no I/O ports, and the client has to ask for bus mastering");
        }

        var ports = new TestFunction(TestFunction.LayoutOf(BarLayout.Io(0, 16)));
        await using FunctionPort other = FunctionPort.Attach(ports);
        ports.Configuration().Command.ShouldBe(PciCommand.IoSpace);
        ports.ReadBus(0, 0, 4).ShouldBe(0UL);
    }

    [Fact]
    public void A_client_is_told_how_many_vectors_each_way_has()
    {
        Enum.GetValues<InterruptKind>().Select(port.VectorCount).ShouldBe([1, Vectors, Vectors, 1, 1]);
        var bare = FunctionPort.Attach(new TestFunction(TestFunction.LayoutOf()));
        Enum.GetValues<InterruptKind>().Select(bare.VectorCount).ShouldBe([0, 0, 0, 1, 1]);
        bare.SetMask(InterruptKind.Msi, 0, true);
        bare.SetMask(InterruptKind.Msix, 0, true);
        bare.ClearTriggers(InterruptKind.Msi);
        bare.ClearTriggers(InterruptKind.Msix);
    }

    private static EventFd[] Make() => [.. Enumerable.Range(0, Vectors).Select(_ => EventFd.Create(EventFdFlags.EFD_NONBLOCK, out Errno _)!)];

    private static ulong[] Counts(EventFd[] eventFds) => [.. eventFds.Select(eventFd => eventFd.TryRead(out ulong count) ? count : 0)];

    private static string Counts(EventFd[] masks, EventFd[] unmasks) => $"{string.Join(' ', Counts(masks))}, {string.Join(' ', Counts(unmasks))}";

    private ulong Pending(InterruptKind kind) => kind switch
    {
        InterruptKind.Msi => function.ReadConfig(function.Core.Configuration.Capabilities.Msi + 0x14),
        InterruptKind.Msix => function.ReadBus(1, 0x800, 8)!.Value,
        _ => 0,
    };
}
