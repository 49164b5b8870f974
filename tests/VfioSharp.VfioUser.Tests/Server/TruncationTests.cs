using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Every request cut off at every byte: with a header that says so, and in the midst of it with the connection's end.</summary>
public sealed class TruncationTests : IAsyncDisposable
{
    private readonly ServerRig rig = new();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    public static TheoryData<ushort, byte[]> Requests => new()
    {
        { Commands.DmaMap, Payloads.DmaMap(0x1000, 0x1000) },
        { Commands.DmaUnmap, Payloads.DmaUnmap(0x1000, 0x1000) },
        { Commands.GetInfo, Payloads.GetInfo() },
        { Commands.GetRegionInfo, Payloads.RegionInfo(0) },
        { Commands.GetRegionIoFds, Payloads.RegionIoFds(0) },
        { Commands.GetIrqInfo, Payloads.IrqInfo(0) },
        { Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataNone | Payloads.Trigger, 0, 1) },
        { Commands.SetIrqs, Payloads.SetIrqs(2, Payloads.DataBool | Payloads.Trigger, 0, 4, [1, 0, 1, 0]) },
        { Commands.RegionRead, Payloads.Region(0, 0, 4) },
        { Commands.RegionWrite, Payloads.Region(0, 0, 4, [1, 2, 3, 4]) },
        { Commands.WriteMulti, Payloads.WriteMulti(2, (0, 0, 4, 1), (8, 0, 4, 2)) },
        { Commands.Feature, Payloads.State(1) },
        { Commands.Feature, Payloads.Feature(Payloads.LogStart | Payloads.Set, new Bytes().U64(4096).U32(2, 0).U64(0, 4096, 8192, 4096)) },
        { Commands.Feature, Payloads.Feature(Payloads.LogReport | Payloads.Get, new Bytes().U64(0, 4096, 4096), argsz: 64) },
        { Commands.MigDataRead, Payloads.MigData(10) },
        { Commands.MigDataWrite, Payloads.MigData(10, new byte[10]) },
    };

    [Theory, MemberData(nameof(Requests))]
    public void A_request_that_is_too_short_is_refused_at_every_length(ushort command, byte[] payload)
    {
        RawClient client = rig.Greeted();
        if (command == Commands.MigDataWrite)
        {
            client.Do(Commands.Feature, Payloads.State(4)); // resuming
        }

        for (int length = 0; length < payload.Length; length++)
        {
            client.Post(command, payload.AsSpan(0, length));
        }

        for (int length = 0; length < payload.Length; length++)
        {
            using RawMessage reply = client.Receive();
            (reply.Flags, reply.Error, reply.Size).ShouldBe((RawPeer.Reply | RawPeer.ErrorFlag, Errno.EINVAL, 16u), $"at {length} bytes");
        }

        client.ShouldBeServed();
        rig.Server.Statistics.Refusals.ShouldBe(payload.Length);
        rig.Model.Calls.ShouldNotContain(call => call.StartsWith("write", StringComparison.Ordinal));
    }

    [Theory, MemberData(nameof(Requests))]
    public void A_client_that_goes_in_the_midst_of_a_request_is_gone_and_no_more(ushort command, byte[] payload)
    {
        byte[] message = RawPeer.Message(1, command, payload);
        byte[] greeting = RawPeer.Message(0, Commands.Version, Payloads.Version(0, 2, RawClient.UsualJson));
        for (int length = 1; length < message.Length; length++)
        {
            using RawClient client = RawClient.Connect(rig.Path);
            client.Send([.. greeting, .. message[..length]]);
            client.Receive().Dispose();
        }

        rig.Greeted().ShouldBeServed();
        Patience.Until(() => rig.Server.Statistics.Clients == message.Length);
        rig.Server.Statistics.Faults.ShouldBe(0, "to leave is no fault");
        rig.Model.Calls.ShouldAllBe(call => call == "quiesce" || call == "resume");
    }
}
