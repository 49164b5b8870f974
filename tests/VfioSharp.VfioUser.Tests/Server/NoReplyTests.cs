using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Commands that want no reply get none, whether or not they are carried out.</summary>
public sealed class NoReplyTests : IAsyncDisposable
{
    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public NoReplyTests() => client = rig.Greeted();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    public static TheoryData<ushort, byte[]> Good => new()
    {
        { Commands.DmaMap, Payloads.DmaMap(0x1000, 0x1000) },
        { Commands.DmaUnmap, Payloads.DmaUnmap(0, 0, 2) },
        { Commands.GetInfo, Payloads.GetInfo() },
        { Commands.GetRegionInfo, Payloads.RegionInfo(0, 1000) },
        { Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 1000) },
        { Commands.GetIrqInfo, Payloads.IrqInfo(0) },
        { Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataNone | Payloads.Trigger, 0, 0) },
        { Commands.RegionRead, Payloads.Region(0, 0, 4) },
        { Commands.RegionWrite, Payloads.Region(0, 0, 4, [1, 2, 3, 4]) },
        { Commands.WriteMulti, Payloads.WriteMulti(1, (0, 0, 4, 1)) },
        { Commands.Reset, [] },
        { Commands.Feature, Payloads.Feature(Payloads.Migration | Payloads.Get, argsz: 16) },
        { Commands.Feature, Payloads.State(3) },
    };

    [Theory, MemberData(nameof(Good))]
    public void A_command_that_is_carried_out_is_not_replied_to(ushort command, byte[] payload)
    {
        Post(command, payload);
        client.ShouldBeServed();
        rig.Server.Statistics.Refusals.ShouldBe(0);
    }

    [Fact]
    public void Neither_is_one_that_is_refused()
    {
        foreach (ushort command in (IEnumerable<ushort>)[.. Commands.OfClient, 0, 14, 19, 0xFFFF])
        {
            Post(command, [1, 2, 3]);
            client.ShouldBeServed();
        }

        rig.Server.Statistics.Refusals.ShouldBe(19);
    }

    [Fact]
    public void What_it_asks_for_is_done_all_the_same_and_before_what_comes_later()
    {
        EventFd[] eventFds = Events.Create(1);
        Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, [1, 0, 0, 0]));
        Post(Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataEventFd | Payloads.Trigger, 0, 1), eventFds[0].File);
        Post(Commands.Reset, []);
        Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, [2, 0, 0, 0]));
        Post(Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataNone | Payloads.Trigger, 0, 1));
        client.Read(0, 0, 4);
        rig.Model.Calls.ShouldBe(["write 4 at 0:0 = 1", "quiesce", "reset", "resume", "write 4 at 0:0 = 2", "read 4 at 0:0"]);
        eventFds[0].Take().ShouldBe(1UL);
        eventFds[0].Dispose();
    }

    private void Post(ushort command, byte[] payload, params FileDescriptor[] files) => client.Send(RawPeer.Message(0x7777, command, payload, RawPeer.NoReply), files);
}
