using VfioSharp.Devices.Emulation;
using VfioSharp.VfioUser.Tests.Raw;
using static VfioSharp.VfioUser.Tests.Server.InterruptRig;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>MSI: masks and pending bits in its capability (PCIe 6.0, 7.7.1).</summary>
public sealed class MsiTests : IAsyncDisposable
{
    private const int MaskBits = 0x10;
    private const int PendingBits = 0x14;

    private readonly InterruptRig rig = new(new FunctionLayout { Identity = new(0x1234, 0x5678, new(0xFF, 0, 0)), MsiVectors = 4 });
    private readonly ulong capability;

    public MsiTests() => capability = rig.Client.FindCapability(5);

    private ushort Control => BitConverter.ToUInt16(rig.Client.Read(7, capability + 2, 2));

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void Each_vector_signals_its_own_eventfd()
    {
        rig.Enable(Msi);
        (Control & 0x71).ShouldBe(0x21, "enabled, four vectors");
        for (int vector = 0; vector < 4; vector++)
        {
            rig.Model.Raise(vector);
            rig.Counts.ShouldBe(Enumerable.Range(0, 4).Select(other => other == vector ? 1UL : 0));
        }
    }

    [Fact]
    public void Given_fewer_vectors_those_with_equal_low_bits_are_one()
    {
        rig.Set(Msi, Eventfd | Trigger, 0, 2, null, rig.EventFds[0], rig.EventFds[1]);
        (Control & 0x71).ShouldBe(0x11);
        rig.Model.Raise(2);
        rig.Model.Raise(3);
        rig.Model.Raise(3);
        rig.Counts.ShouldBe([1, 2, 0, 0]);
    }

    [Fact]
    public void Masks_by_message_show_in_the_capability_and_hold_back()
    {
        rig.Enable(Msi);
        rig.Set(Msi, Bool | Mask, 0, 4, [0, 1, 0, 1]);
        rig.Client.Read32(7, capability + MaskBits).ShouldBe(0b1010u);
        for (int vector = 0; vector < 4; vector++)
        {
            rig.Model.Raise(vector);
        }

        rig.Counts.ShouldBe([1, 0, 1, 0]);
        rig.Client.Read32(7, capability + PendingBits).ShouldBe(0b1010u);
        rig.Set(Msi, None | Unmask, 1, 1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
        rig.Client.Read32(7, capability + PendingBits).ShouldBe(0b1000u);
    }

    [Fact]
    public void Masks_by_the_capability_do_the_same()
    {
        rig.Enable(Msi);
        rig.Client.Write32(7, capability + MaskBits, 0b0100);
        rig.Model.Raise(2);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        rig.Client.Write32(7, capability + MaskBits, 0);
        rig.Counts.ShouldBe([0, 0, 1, 0]);
    }

    [Fact]
    public void Whoever_wants_to_know_is_told_of_masks_whoever_sets_them()
    {
        rig.Enable(Msi);
        rig.Set(Msi, Eventfd | Mask, 0, 2, null, rig.Notices[0], rig.Notices[1]);
        rig.Set(Msi, Eventfd | Unmask, 0, 2, null, rig.Notices[2], rig.Notices[3]);
        rig.Set(Msi, None | Mask, 0, 1);
        rig.NoticeCounts.ShouldBe([1, 0, 0, 0]);
        rig.Set(Msi, None | Unmask, 0, 2);
        rig.NoticeCounts.ShouldBe([0, 0, 1, 0]);
        rig.Client.Write32(7, capability + MaskBits, 0b0110);
        rig.NoticeCounts.ShouldBe([0, 1, 0, 0]);
        rig.Client.Write(7, capability + MaskBits, 0b0001);
        rig.NoticeCounts.ShouldBe([1, 0, 0, 1]);
        rig.Client.Write(7, capability + MaskBits + 1, 0xFF); // vectors that there are not
        rig.NoticeCounts.ShouldBe([0, 0, 0, 0]);
    }

    [Fact]
    public void A_vector_that_lost_its_eventfd_is_pending_until_it_is_given_another()
    {
        rig.Enable(Msi);
        rig.Set(Msi, Eventfd | Trigger, 3, 1);
        OpenFiles.CountOf(rig.EventFds[3].File).ShouldBe(1);
        rig.Model.Raise(3);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
        rig.Set(Msi, Eventfd | Trigger, 3, 1, null, rig.EventFds[3]);
        rig.Counts.ShouldBe([0, 0, 0, 1]);
    }

    [Fact]
    public void Turned_off_nothing_signals_and_everything_is_closed()
    {
        rig.Enable(Msi);
        rig.Set(Msi, None | Trigger, 0, 0);
        rig.EventFds.Select(eventFd => OpenFiles.CountOf(eventFd.File)).ShouldAllBe(count => count == 1);
        (Control & 1).ShouldBe(0);
        rig.Model.Raise(0);
        rig.Counts.ShouldBe([0, 0, 0, 0]);
    }

    [Fact]
    public void A_client_may_trigger_vectors_itself()
    {
        rig.Enable(Msi);
        rig.Set(Msi, Bool | Trigger, 0, 4, [0, 1, 1, 0]);
        rig.Counts.ShouldBe([0, 1, 1, 0]);
    }

    [Fact]
    public void The_next_client_finds_it_off()
    {
        rig.Enable(Msi);
        rig.Reconnect();
        (Control & 1).ShouldBe(0);
        rig.Model.Raise(1);
        rig.Enable(Msi);
        rig.Model.Raise(1);
        rig.Counts.ShouldBe([0, 1, 0, 0]);
    }
}
