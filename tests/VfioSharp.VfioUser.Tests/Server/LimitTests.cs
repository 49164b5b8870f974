using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>
/// Each of <see cref="VfioUserLimits"/> that bounds a client, at its value and beyond. Sizes of regions, pieces of memory, commands that pile up and states
/// have theirs where they belong: <see cref="RegionAccessTests"/>, <see cref="DmaMapTests"/>, <see cref="MessageDmaTests"/>, <see cref="MigrationTests"/>.
/// </summary>
public class LimitTests
{
    private static readonly TimeSpan Short = TimeSpan.FromMilliseconds(100);

    [Fact]
    public async Task As_many_descriptors_come_with_a_message_as_may()
    {
        await using ServerRig rig = Serve(new VfioUserLimits { MaxMessageDescriptors = 3 });
        RawClient client = rig.Connect();
        using (RawMessage answer = client.Greet())
        {
            answer.Json.ShouldContain("\"max_msg_fds\":3");
        }

        EventFd[] eventFds = Events.Create(4);
        FileDescriptor[] files = [.. eventFds.Select(eventFd => eventFd.File)];
        client.ShouldAnswer(Commands.SetIrqs, Triggers(3), [], files[..3]);
        client.Post(Commands.SetIrqs, Triggers(4), files);
        client.ShouldEnd();
        rig.ShouldLog("4 descriptors came with a message, where 3 may");
        Array.ForEach(eventFds, eventFd => eventFd.Dispose());
        rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public async Task A_message_is_as_long_as_the_most_data_with_room_for_what_goes_before_it()
    {
        const int Longest = 4096 + (64 << 10);
        await using ServerRig rig = Serve(new VfioUserLimits { MaxDataTransfer = 4096 });
        RawClient client = rig.Greeted();
        client.ShouldRefuse(Errno.EINVAL, Commands.RegionWrite, new byte[Longest - RawPeer.HeaderLength]);
        client.ShouldBeServed();
        client.Send(RawPeer.Message(1, Commands.RegionWrite, [], size: Longest + 1));
        client.ShouldEnd();
        rig.ShouldLog($"it has {Longest + 1} bytes");
    }

    [Fact]
    public async Task As_many_are_connected_as_may_be_and_the_others_wait()
    {
        await using ServerRig rig = Serve(new VfioUserLimits { MaxConnections = 2 });
        RawClient served = rig.Greeted();
        RawClient waiting = rig.Connect();
        RawClient outside = rig.Connect();
        outside.Send(RawPeer.Message(1, Commands.Version, Payloads.Version(7, 0, "{}")));
        outside.HasInput(milliseconds: 50).ShouldBeFalse("nobody reads what it says: its version would be refused at once");
        served.ShouldBeServed();
        waiting.Dispose();
        outside.Receive().Error.ShouldBe(Errno.EINVAL);
    }

    [Fact]
    public async Task A_version_is_said_in_time()
    {
        await using ServerRig rig = Serve(new VfioUserLimits { GreetingTime = Short });
        RawClient silent = rig.Connect();
        RawClient begins = rig.Connect();
        begins.Send(RawPeer.Message(1, Commands.Version, Payloads.Version(0, 2, "{}")).AsSpan(0, 20));
        silent.ShouldEnd();
        begins.ShouldEnd();
        rig.ShouldLog("it did not say its version within 0.1 s");

        // Who has said it may be silent, and who waits for its turn may wait.
        RawClient client = rig.Greeted();
        RawClient next = rig.Connect();
        next.Send(RawPeer.Message(1, Commands.Version, Payloads.Version(0, 2, "{}")));
        await Task.Delay(3 * Short, TestContext.Current.CancellationToken);
        client.ShouldBeServed();
        client.Dispose();
        next.Receive().Error.ShouldBe(Errno.None);
    }

    [Theory]
    [InlineData(ServingMode.Shared)]
    [InlineData(ServingMode.Dedicated)]
    [InlineData(ServingMode.Spinning)]
    public async Task A_message_is_finished_in_time(ServingMode mode)
    {
        await using ServerRig rig = Serve(new VfioUserLimits { MessageTime = Short }, mode);
        RawClient client = rig.Greeted();
        byte[] message = RawPeer.Message(1, Commands.GetInfo, Payloads.GetInfo());
        client.Send(message.AsSpan(0, 17));
        client.Send(message.AsSpan(17));
        client.Receive().Error.ShouldBe(Errno.None);
        await Task.Delay(3 * Short, TestContext.Current.CancellationToken);
        client.ShouldBeServed();
        client.Send(message.AsSpan(0, 17));
        client.ShouldEnd();
        rig.ShouldLog("it did not finish a message within 0.1 s");
    }

    [Theory]
    [InlineData(ServingMode.Shared)]
    [InlineData(ServingMode.Dedicated)]
    [InlineData(ServingMode.Spinning)]
    public async Task Replies_are_taken_in_time(ServingMode mode)
    {
        await using ServerRig rig = Serve(new VfioUserLimits { SendTime = Short }, mode);
        RawClient client = rig.Greeted();
        byte[] read = RawPeer.Message(1, Commands.RegionRead, Payloads.Region(7, 0, 4096));
        while (client.TrySend(read))
        {
        }

        rig.ShouldLog("it did not take what it was sent within 0.1 s");
        rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public async Task The_server_s_commands_are_answered_in_time()
    {
        await using var rig = new MessageDmaRig(isTwin: false, limits: new VfioUserLimits { ReplyTime = Short });
        (await rig.ReadAsync(0, new byte[8]).Soon()).ShouldBeFalse();
        rig.Rig.ShouldLog("it did not reply within 0.1 s");
        rig.Rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public void Each_is_in_its_range()
    {
        VfioUserLimits[] wrong =
        [
            new() { MaxDataTransfer = 4095 }, new() { MaxDataTransfer = (64 << 20) + 1 }, new() { MaxMessageDescriptors = 0 }, new() { MaxMessageDescriptors = 254 },
            new() { MaxDmaMaps = 0 }, new() { MaxQueuedBytes = 4095 }, new() { MaxStateBytes = -1 }, new() { MaxStateBytes = (1 << 30) + 1 }, new() { MaxConnections = 0 },
            new() { MaxRegions = 8 }, new() { MaxRegions = 4097 }, new() { MaxInterruptKinds = 4 }, new() { MaxInterruptKinds = 4097 }, new() { MaxRegionInfo = 4095 },
            new() { MaxRegionInfo = (16 << 20) + 1 }, new() { GreetingTime = TimeSpan.Zero }, new() { MessageTime = TimeSpan.FromDays(2) }, new() { SendTime = TimeSpan.Zero },
            new() { ReplyTime = Timeout.InfiniteTimeSpan }, new() { ResetTime = TimeSpan.Zero },
        ];
        foreach (VfioUserLimits limits in wrong)
        {
            Should.Throw<ArgumentOutOfRangeException>(() => VfioUserServer.Listen("/nowhere", new VfioUserServerOptions { Limits = limits }), $"{limits}");
        }
    }

    private static ServerRig Serve(VfioUserLimits limits, ServingMode mode = ServingMode.Shared) => new(options: new VfioUserServerOptions { Limits = limits, Mode = mode });

    private static byte[] Triggers(uint count) => Payloads.SetIrqs(2, Payloads.DataEventFd | Payloads.Trigger, 0, count);
}
