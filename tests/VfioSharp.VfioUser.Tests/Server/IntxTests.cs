using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;
using static VfioSharp.VfioUser.Tests.Server.InterruptRig;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>The legacy line: a level, masked each time it fires; and what a function tells that is no interrupt.</summary>
public sealed class IntxTests : IAsyncDisposable
{
    private const uint Error = 3;
    private const uint Request = 4;
    private const byte InterruptDisable = 4; // bit 10 of Command

    private readonly InterruptRig rig = new();
    private readonly EventFd line;

    public IntxTests() => line = rig.EventFds[0];

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void The_line_fires_once_and_is_masked_until_it_is_unmasked()
    {
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, Eventfd | Mask, 0, 1, null, rig.Notices[0]);
        rig.Model.SetIntx(true);
        rig.Model.SetIntx(false);
        rig.Model.SetIntx(true);
        (line.Take(), rig.Notices[0].Take()).ShouldBe((1UL, 1UL));
        rig.Set(Intx, None | Unmask, 0, 1);
        (line.Take(), rig.Notices[0].Take()).ShouldBe((1UL, 1UL), "it is up still: it fires again, and is masked again");
        rig.Model.SetIntx(false);
        rig.Set(Intx, None | Unmask, 0, 1);
        line.Take().ShouldBe(0UL);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(1UL);
        rig.Server.Statistics.Interrupts.ShouldBe(3);
    }

    [Theory]
    [InlineData(None, null)]
    [InlineData(Bool, new byte[] { 1 })]
    public void A_masked_line_does_not_fire(uint data, byte[]? which)
    {
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, data | Mask, 0, 1, which);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(0UL);
        rig.Set(Intx, Bool | Unmask, 0, 1, [0]);
        line.Take().ShouldBe(0UL, "a no is a no");
        rig.Set(Intx, data | Unmask, 0, 1, which);
        line.Take().ShouldBe(1UL);
    }

    [Fact]
    public void An_eventfd_of_the_client_s_unmasks_it()
    {
        using EventFd resample = Events.Create();
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, Eventfd | Unmask, 0, 1, null, resample);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(1UL);
        resample.Signal().ShouldBe(Errno.None);
        line.ShouldSignal();
        rig.Model.SetIntx(false);
        resample.Signal().ShouldBe(Errno.None);
        Events.Deliver();
        rig.Model.SetIntx(true);
        line.ShouldSignal();

        // Replaced, and taken away, nobody listens to it.
        rig.Set(Intx, Eventfd | Unmask, 0, 1, null, rig.Notices[0]);
        OpenFiles.CountOf(resample.File).ShouldBe(1);
        rig.Set(Intx, Eventfd | Unmask, 0, 1);
        OpenFiles.CountOf(rig.Notices[0].File).ShouldBe(1);
        resample.Signal().ShouldBe(Errno.None);
        rig.Notices[0].Signal().ShouldBe(Errno.None);
        Events.Deliver();
        line.Take().ShouldBe(0UL);
    }

    [Fact]
    public void Whoever_wants_to_know_is_told_when_it_is_masked()
    {
        rig.Set(Intx, Eventfd | Mask, 0, 1, null, rig.Notices[0]);
        rig.Set(Intx, None | Mask, 0, 1);
        rig.Set(Intx, None | Mask, 0, 1);
        rig.Notices[0].Take().ShouldBe(1UL);
        rig.Set(Intx, None | Unmask, 0, 1);
        rig.Notices[0].Take().ShouldBe(0UL);
    }

    [Fact]
    public void A_client_may_trigger_it_itself()
    {
        rig.Set(Intx, None | Trigger, 0, 1);
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, None | Trigger, 0, 1);
        rig.Set(Intx, Bool | Trigger, 0, 1, [1]);
        rig.Set(Intx, Bool | Trigger, 0, 1, [0]);
        line.Take().ShouldBe(2UL);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(1UL, "it was not masked by that");
    }

    [Fact]
    public void A_line_that_is_up_when_it_is_taken_fires()
    {
        rig.Model.SetIntx(true);
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        line.Take().ShouldBe(1UL);
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, rig.EventFds[1]);
        rig.EventFds[1].Take().ShouldBe(1UL, "a new eventfd is unmasked");
    }

    [Fact]
    public void Taken_away_or_turned_off_it_fires_no_more()
    {
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, Eventfd | Unmask, 0, 1, null, rig.Notices[1]);
        rig.Set(Intx, Eventfd | Trigger, 0, 1);
        OpenFiles.CountOf(line.File).ShouldBe(1);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(0UL);
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        line.Take().ShouldBe(1UL);
        rig.Set(Intx, None | Trigger, 0, 0);
        (OpenFiles.CountOf(line.File), OpenFiles.CountOf(rig.Notices[1].File)).ShouldBe((1, 1));
        rig.Notices[1].Signal().ShouldBe(Errno.None);
        Events.Deliver();
        line.Take().ShouldBe(0UL);
    }

    [Fact]
    public void Disabled_by_Command_or_replaced_by_messages_it_does_not_fire_but_Status_tells()
    {
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Client.Write(7, 4, 6, InterruptDisable);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(0UL);
        (rig.Client.Read(7, 6, 1)[0] & 8).ShouldBe(8);
        rig.Client.Write(7, 4, 6, 0);
        line.Take().ShouldBe(1UL);
        rig.Set(Msix, Eventfd | Trigger, 1, 1, null, rig.EventFds[1]);
        rig.Set(Intx, None | Unmask, 0, 1);
        line.Take().ShouldBe(0UL);
        rig.Set(Msix, None | Trigger, 0, 0);
        line.Take().ShouldBe(1UL);
    }

    [Fact]
    public void The_operator_asks_for_the_function_by_the_eventfd_that_is_for_that()
    {
        rig.Server.AskForRelease();
        rig.Set(Request, Eventfd | Trigger, 0, 1, null, rig.EventFds[2]);
        rig.EventFds[2].Take().ShouldBe(0UL);
        rig.Server.AskForRelease();
        rig.EventFds[2].Take().ShouldBe(1UL);
        rig.Set(Request, None | Trigger, 0, 0);
        rig.Server.AskForRelease();
        rig.EventFds[2].Take().ShouldBe(0UL);
    }

    [Fact]
    public void Errors_have_an_eventfd_too()
    {
        rig.Set(Error, Eventfd | Trigger, 0, 1, null, rig.EventFds[3]);
        rig.Set(Error, None | Trigger, 0, 1);
        rig.EventFds[3].Take().ShouldBe(1UL);
        rig.Set(Error, Eventfd | Trigger, 0, 1);
        OpenFiles.CountOf(rig.EventFds[3].File).ShouldBe(1);
    }

    [Fact]
    public void The_next_client_finds_the_line_as_the_function_holds_it()
    {
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, line);
        rig.Set(Intx, Eventfd | Unmask, 0, 1, null, rig.Notices[0]);
        rig.Model.SetIntx(true);
        line.Take().ShouldBe(1UL);
        rig.Reconnect();
        (OpenFiles.CountOf(line.File), OpenFiles.CountOf(rig.Notices[0].File)).ShouldBe((1, 1));
        rig.Set(Intx, Eventfd | Trigger, 0, 1, null, rig.EventFds[1]);
        rig.EventFds[1].Take().ShouldBe(1UL);
    }
}
