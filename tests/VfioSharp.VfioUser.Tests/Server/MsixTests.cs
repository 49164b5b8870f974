using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;
using static VfioSharp.VfioUser.Tests.Server.InterruptRig;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>MSI-X as clients see it: those that emulate the table, as QEMU does, and those that write the function's own.</summary>
public sealed class MsixTests : IAsyncDisposable
{
    private const uint Bar = 2;
    private const ulong Pba = 0x800;
    private const ushort Enabled = 1 << 15;
    private const ushort FunctionMask = 1 << 14;

    private readonly InterruptRig rig = new();

    private ulong[] Pending => [BitConverter.ToUInt64(rig.Client.Read(Bar, Pba, 8))];

    private ushort Control
    {
        get => BitConverter.ToUInt16(rig.Client.Read(7, rig.Client.FindCapability(0x11) + 2, 2));
        set => rig.Client.Write(7, rig.Client.FindCapability(0x11) + 2, BitConverter.GetBytes(value));
    }

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void Each_vector_signals_its_own_eventfd()
    {
        (Control & Enabled).ShouldBe(0);
        rig.Enable(Msix);
        (Control & (Enabled | FunctionMask)).ShouldBe(Enabled);
        rig.Model.Raise(2);
        rig.Counts.ShouldBe([0, 0, 1, 0]);
        rig.Model.Raise(0);
        rig.Model.Raise(3);
        rig.Model.Raise(3);
        rig.Counts.ShouldBe([1, 0, 0, 2]);
        Pending.ShouldBe([0UL]);
        rig.Server.Statistics.Interrupts.ShouldBe(4);
    }

    [Fact]
    public void Eventfds_are_given_and_replaced_a_range_at_a_time()
    {
        rig.Set(Msix, Eventfd | Trigger, 1, 2, null, rig.EventFds[1], rig.EventFds[2]);
        rig.Set(Msix, Eventfd | Trigger, 2, 2, null, rig.Notices[2], rig.Notices[3]);
        OpenFiles.CountOf(rig.EventFds[2].File).ShouldBe(1, "what was replaced is closed");
        OpenFiles.CountOf(rig.EventFds[1].File).ShouldBe(2);
        for (int vector = 0; vector < Layouts.Vectors; vector++)
        {
            rig.Model.Raise(vector);
        }

        rig.Counts.ShouldBe([0, 1, 0, 0]);
        rig.NoticeCounts.ShouldBe([0, 0, 1, 1]);
        Pending.ShouldBe([0b0001UL], "the vector that has none is pending");
    }

    [Fact]
    public void A_vector_that_lost_its_eventfd_is_pending_until_it_is_given_another()
    {
        rig.Enable(Msix);
        rig.Set(Msix, Eventfd | Trigger, 1, 2);
        OpenFiles.CountOf(rig.EventFds[1].File).ShouldBe(1);
        rig.Model.Raise(1);
        rig.Model.Raise(1);
        rig.Model.Raise(3);
        rig.Counts.ShouldBe([0, 0, 0, 1]);
        Pending.ShouldBe([0b0010UL]);
        rig.Set(Msix, Eventfd | Trigger, 1, 1, null, rig.EventFds[1]);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        Pending.ShouldBe([0UL]);
    }

    [Fact]
    public void Turned_off_nothing_signals_and_everything_is_closed()
    {
        rig.Enable(Msix);
        rig.Set(Msix, Eventfd | Mask, 0, 4, null, rig.Notices);
        rig.Set(Msix, None | Trigger, 0, 0);
        rig.EventFds.Concat(rig.Notices).Select(eventFd => OpenFiles.CountOf(eventFd.File)).ShouldAllBe(count => count == 1);
        (Control & Enabled).ShouldBe(0);
        rig.Model.Raise(0);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        rig.Client.Read32(Bar, 12).ShouldBe(1u, "all masked, as after a reset");
        rig.Enable(Msix);
        rig.Counts.ShouldBe([1, 0, 0, 0], "what was raised meanwhile was pending (PCIe 6.0, 6.1.4.5)");
    }

    [Fact]
    public void A_client_may_trigger_vectors_itself_whether_or_not_they_are_masked()
    {
        rig.Enable(Msix);
        rig.Set(Msix, None | Mask, 0, 4);
        rig.Set(Msix, None | Trigger, 1, 2);
        rig.Counts.ShouldBe([0, 1, 1, 0]);
        rig.Set(Msix, Bool | Trigger, 0, 4, [1, 0, 0, 255]);
        rig.Counts.ShouldBe([1, 0, 0, 1]);
        rig.Server.Statistics.Interrupts.ShouldBe(0, "the function has not interrupted");
    }

    [Theory]
    [InlineData(None, null)]
    [InlineData(Bool, new byte[] { 1, 0, 1 })]
    public void A_masked_vector_is_pending_and_signals_once_when_it_is_unmasked(uint data, byte[]? which)
    {
        rig.Enable(Msix);
        ulong masked = which is null ? 0b1110UL : 0b1010;
        rig.Set(Msix, data | Mask, 1, 3, which);
        for (int vector = 0; vector < 8; vector++)
        {
            rig.Model.Raise(vector % 4);
        }

        rig.Counts.ShouldBe([2, .. Bits(~masked).Select(open => 2 * open)]);
        Pending.ShouldBe([masked]);
        rig.Set(Msix, data | Unmask, 1, 3, which);
        rig.Counts.ShouldBe([0, .. Bits(masked)]);
        Pending.ShouldBe([0UL]);

        static IEnumerable<ulong> Bits(ulong mask) => Enumerable.Range(1, 3).Select(vector => (mask >> vector) & 1);
    }

    [Fact]
    public void Whoever_wants_to_know_is_told_of_masks_by_message_and_by_table()
    {
        rig.Enable(Msix);
        rig.Set(Msix, Eventfd | Mask, 0, 2, null, rig.Notices[0], rig.Notices[1]);
        rig.Set(Msix, Eventfd | Unmask, 0, 2, null, rig.Notices[2], rig.Notices[3]);
        rig.Set(Msix, None | Mask, 0, 1);
        rig.NoticeCounts.ShouldBe([1, 0, 0, 0]);
        rig.Set(Msix, None | Mask, 0, 1);
        rig.NoticeCounts.ShouldBe([0, 0, 0, 0], "it was masked already");
        rig.Set(Msix, None | Unmask, 0, 1);
        rig.NoticeCounts.ShouldBe([0, 0, 1, 0]);
        rig.Client.Write32(Bar, 16 + 12, 1);
        rig.NoticeCounts.ShouldBe([0, 1, 0, 0]);
        rig.Client.Write32(Bar, 16 + 12, 0);
        rig.NoticeCounts.ShouldBe([0, 0, 0, 1]);
        rig.Client.Write32(Bar, 32 + 12, 1); // nobody asked about this one
        rig.Client.Write32(Bar, 16 + 8, 1); // the data of an entry are no mask
        rig.NoticeCounts.ShouldBe([0, 0, 0, 0]);
        rig.Set(Msix, Eventfd | Mask, 0, 1);
        OpenFiles.CountOf(rig.Notices[0].File).ShouldBe(1, "a notice is taken back as a vector is");
        rig.Set(Msix, None | Mask, 0, 1);
        rig.NoticeCounts.ShouldBe([0, 0, 0, 0]);
    }

    [Fact]
    public void Function_mask_and_bus_mastering_hold_all_back()
    {
        rig.Enable(Msix);
        Control = Enabled | FunctionMask;
        rig.Model.Raise(1);
        rig.Model.Raise(2);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        Pending.ShouldBe([0b0110UL]);
        Control = Enabled;
        rig.Counts.ShouldBe([0, 1, 1, 0]);
        rig.Client.Write(7, 4, 2, 0);
        rig.Model.Raise(3);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        rig.Client.PowerOn();
        rig.Counts.ShouldBe([0, 0, 0, 1]);
        Pending.ShouldBe([0UL]);
    }

    [Fact]
    public void A_client_that_emulates_the_table_never_writes_it_and_reads_the_function_s_pending_bits()
    {
        // As QEMU: an eventfd when the guest first unmasks a vector; masked, the eventfd goes or a message masks.
        rig.Set(Msix, Eventfd | Trigger, 0, 1, null, rig.EventFds[0]);
        rig.Set(Msix, Eventfd | Trigger, 1, 1, null, rig.EventFds[1]);
        rig.Model.Raise(2);
        Pending.ShouldBe([0b0100UL]);
        rig.Set(Msix, None | Mask, 1, 1);
        rig.Model.Raise(1);
        Pending.ShouldBe([0b0110UL]);
        rig.Set(Msix, Eventfd | Trigger, 2, 1, null, rig.EventFds[2]);
        rig.Counts.ShouldBe([0, 0, 1, 0]);
        Pending.ShouldBe([0b0010UL]);
        rig.Set(Msix, None | Unmask, 1, 1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        Pending.ShouldBe([0UL]);
    }

    [Fact]
    public void A_client_that_writes_the_function_s_own_table_is_obeyed()
    {
        rig.Enable(Msix);
        rig.Set(Msix, None | Mask, 0, 4); // as the table stands after a reset
        for (ulong vector = 0; vector < 4; vector++)
        {
            rig.Client.Write32(Bar, vector * 16, 0xFEE00000);
            rig.Client.Write32(Bar, (vector * 16) + 4, 0);
            rig.Client.Write32(Bar, (vector * 16) + 8, (uint)(0x40 + vector));
            rig.Client.Read(Bar, vector * 16, 16).ShouldBe(new Bytes().U32(0xFEE00000, 0, (uint)(0x40 + vector), 1).ToArray());
        }

        rig.Model.Raise(1);
        Pending.ShouldBe([0b0010UL]);
        rig.Client.Write32(Bar, 16 + 12, 0);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        Pending.ShouldBe([0UL]);
        rig.Model.Raise(1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        rig.Client.Write(Bar, 16 + 12, 1); // a byte of it is enough
        rig.Model.Raise(1);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        Pending.ShouldBe([0b0010UL]);
    }

    [Fact]
    public void Pending_bits_cannot_be_written()
    {
        rig.Enable(Msix);
        rig.Set(Msix, None | Mask, 0, 4);
        rig.Model.Raise(3);
        rig.Client.Write(Bar, Pba, new byte[8]);
        Pending.ShouldBe([0b1000UL]);
        rig.Client.Write(Bar, Pba, [.. Enumerable.Repeat((byte)0xFF, 8)]);
        Pending.ShouldBe([0b1000UL]);
    }

    [Fact]
    public async Task A_store_to_a_mapped_table_counts_when_a_message_says_so()
    {
        ulong page = Layouts.Page;
        await using var mapped = new InterruptRig(new FunctionLayout
        {
            Identity = new(0x1234, 0x5678, new(0xFF, 0, 0)),
            Bars = [BarLayout.Memory64(0, 4 * page) with { Memory = [new(page, page)] }],
            Msix = new MsixPlacement(Layouts.Vectors, 0, page, 0, page + 0x800),
        });
        using RawMessage info = mapped.Client.Call(Commands.GetRegionInfo, Payloads.RegionInfo(0, 1000));
        FileDescriptor file = info.Files.ShouldHaveSingleItem();
        mapped.Enable(Msix);
        Store(1, 1);
        mapped.Model.Raise(1);
        mapped.Counts.ShouldBe([0, 0, 0, 0], "a mask is read where it lies");
        mapped.Client.Read(0, page + 0x800, 8).ShouldBe(new Bytes().U64(0b0010).ToArray());
        Store(1, 0);
        mapped.Client.ShouldBeServed();
        mapped.Counts.ShouldBe([0, 0, 0, 0], "a store wakes nobody");
        mapped.Set(Msix, None | Unmask, 1, 1);
        mapped.Counts.ShouldBe([0, 1, 0, 0]);
        mapped.Client.Read(0, page + 0x800, 8).ShouldBe(new byte[8]);
        Store(0, 1);
        mapped.Model.Raise(0);
        Store(0, 0);
        mapped.Set(Msix, Eventfd | Trigger, 3, 1, null, mapped.EventFds[3]);
        mapped.Counts.ShouldBe([1, 0, 0, 0], "so does one about another vector");

        void Store(int vector, byte mask) => file.PositionedWrite([mask, 0, 0, 0], (long)page + (vector * 16) + 12, out _).ShouldBe(Errno.None);
    }

    [Fact]
    public void A_reset_leaves_eventfds_and_masks_and_forgets_what_is_pending()
    {
        rig.Set(Msix, Eventfd | Trigger, 0, 3, null, rig.EventFds[0], rig.EventFds[1], rig.EventFds[2]);
        rig.Set(Msix, None | Mask, 1, 1);
        rig.Model.Raise(1);
        rig.Model.Raise(3);
        Pending.ShouldBe([0b1010UL]);
        rig.Client.ShouldAnswer(Commands.Reset, [], []);
        Pending.ShouldBe([0UL]);
        (Control & (Enabled | FunctionMask)).ShouldBe(Enabled);
        Enumerable.Range(0, 4).Select(vector => rig.Client.Read32(Bar, ((ulong)vector * 16) + 12)).ShouldBe([0u, 1, 0, 1]);
        rig.Model.Raise(0);
        rig.Model.Raise(1);
        rig.Counts.ShouldBe([1, 0, 0, 0]);
        rig.Set(Msix, None | Unmask, 1, 1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
    }

    [Fact]
    public void An_eventfd_that_is_full_holds_nobody_up()
    {
        using EventFd full = EventFd.Create(0, out Errno _)!; // one that blocks
        full.Signal(ulong.MaxValue - 1).ShouldBe(Errno.None);
        rig.Set(Msix, Eventfd | Trigger, 0, 2, null, full, rig.EventFds[1]);
        rig.Model.Raise(0);
        rig.Model.Raise(0);
        rig.Model.Raise(1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        rig.Client.ShouldBeServed();
    }

    [Fact]
    public void The_next_client_finds_all_masked_and_what_is_pending()
    {
        rig.Enable(Msix);
        rig.Set(Msix, None | Mask, 2, 1);
        rig.Model.Raise(2);
        rig.Reconnect();
        rig.EventFds.Select(eventFd => OpenFiles.CountOf(eventFd.File)).ShouldAllBe(count => count == 1);
        (Control & Enabled).ShouldBe(0);
        rig.Model.Raise(0);
        Pending.ShouldBe([0b0101UL]);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        rig.Enable(Msix);
        rig.Counts.ShouldBe([1, 0, 1, 0]);
    }
}
