using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Many commands at once: replied to in order, and at the price of one.</summary>
public class BurstTests
{
    [Theory]
    [InlineData(ServingMode.Shared)]
    [InlineData(ServingMode.Dedicated)]
    [InlineData(ServingMode.Spinning)]
    public async Task A_burst_costs_a_receive_and_a_send(ServingMode mode)
    {
        await using var rig = new ServerRig(options: new VfioUserServerOptions { Mode = mode });
        rig.Model.Reads = (_, offset, _) => offset;
        RawClient client = rig.Greeted();
        client.ShouldBeServed();
        Patience.Until(() => rig.Server.Statistics is { Sends: 2, Receives: >= 2 });
        long receives = rig.Server.Statistics.Receives;
        client.Send([.. Enumerable.Range(0, 100).SelectMany(id => RawPeer.Message((ushort)id, Commands.RegionRead, Payloads.Region(0, (ulong)id * 4, 4)))]);
        for (ushort id = 0; id < 100; id++)
        {
            uint offset = id * 4u;
            client.Receive().Bytes.ShouldBe(RawPeer.Message(id, Commands.RegionRead, Payloads.Region(0, offset, 4, BitConverter.GetBytes(offset)), RawPeer.Reply));
        }

        Patience.Until(() => rig.Server.Statistics.Sends >= 3);
        rig.Server.Statistics.Sends.ShouldBe(3);
        if (mode != ServingMode.Spinning)
        {
            rig.Server.Statistics.Receives.ShouldBe(receives + 1);
        }
    }

    [Theory]
    [InlineData(ServingMode.Shared)]
    [InlineData(ServingMode.Dedicated)]
    public async Task Replies_that_nobody_takes_yet_lose_nothing(ServingMode mode)
    {
        await using var rig = new ServerRig(options: new VfioUserServerOptions { Mode = mode });
        RawClient client = rig.Greeted();
        Task sending = Task.Run(() =>
        {
            // 40 times 128 KiB are more than both sockets' buffers hold.
            for (ushort id = 0; id < 40; id++)
            {
                client.Send(RawPeer.Message(id, Commands.RegionRead, Payloads.Region(0, 2 * Layouts.Page, (uint)Layouts.Page)));
                client.Send(RawPeer.Message((ushort)(id + 100), Commands.RegionRead, Payloads.Region(7, 0, 4096)));
                client.Send(RawPeer.Message((ushort)(id + 200), Commands.GetIrqInfo, new byte[128 << 10]));
            }
        }, TestContext.Current.CancellationToken);
        for (ushort id = 0; id < 40; id++)
        {
            client.Receive().Id.ShouldBe(id);
            client.Receive().Id.ShouldBe((ushort)(id + 100));
            client.Receive().Id.ShouldBe((ushort)(id + 200));
        }

        await sending.Soon();
        client.ShouldBeServed();
    }
}
