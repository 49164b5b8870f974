using System.Net.Sockets;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Clients in crowds.</summary>
internal static class ConnectionCases
{
    public static IEnumerable<HostileCase> All =>
    [
        new("10,000 connect and close", null, attack => ConnectMany(attack, [], Attack.Times(2_000, 5))),
        new("hundreds connect and talk nonsense", "says that it has", attack => ConnectMany(attack, [.. Enumerable.Repeat((byte)'A', 16)], Attack.Times(100, 5))) { MaxWarnings = 500 },
        new("more than may be connected, and all silent", "did not say its version", BeSilent) { MaxWarnings = 200 },
        new("a crowd that waits for its turn and floods", null, Crowd),
        new("no descriptors left", "no descriptor", UseUp) { MaxWarnings = 30 },
    ];

    private static void ConnectMany(Attack attack, byte[] bytes, int count)
    {
        for (int i = 0; i < count; i++)
        {
            using RawClient client = RawClient.Connect(attack.House.Path);
            client.SendBytes(bytes);
        }
    }

    private static void BeSilent(Attack attack)
    {
        var silent = new List<RawClient>();
        for (int i = 0; i < 3 * Street.Limits.MaxConnections; i++)
        {
            silent.Add(attack.Connect());
        }

        // In rounds, as each makes room.
        silent.ForEach(client => client.HasEnded().ShouldBeTrue());
    }

    // One has the function, as many as may wait for it, and all talk as if it were theirs.
    private static void Crowd(Attack attack)
    {
        RawClient served = attack.Greet();
        var crowd = new List<RawClient>();
        for (int i = 1; i < Street.Limits.MaxConnections; i++)
        {
            RawClient waiting = attack.Connect();
            waiting.Send(MessageCommand.Version, Payloads.Version("{}"));
            crowd.Add(waiting);
        }

        byte[] write = Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.NoReply, Payloads.Write(SoakFunction.LargeBar, 0, new byte[32 << 10]));
        foreach (RawClient waiting in crowd)
        {
            for (int i = 0; i < 400 && waiting.TrySendNow(write, out int count) && count == write.Length; i++)
            {
            }
        }

        served.IsServed().ShouldBeTrue();
    }

    // Where no descriptor is left nobody can be accepted, and those that clients send are lost. It passes.
    private static void UseUp(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor[] along = [.. Enumerable.Repeat(attack.EventFd().File, 8)];
        using var waiting = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        var address = new UnixDomainSocketEndPoint(attack.House.Path);
        using (var first = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            first.Connect(address); // what that takes of this process for good, it has by then
        }

        using (new DescriptorShortage(room: 0))
        {
            waiting.Connect(address);
            client.Send(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 8), MessageFlags.None, along);
            client.HasEnded().ShouldBeTrue();
            Thread.Sleep(250);
        }

        // The server had nothing to take it by until now.
        waiting.Send(Payloads.Message(1, MessageCommand.Version, MessageFlags.None, Payloads.Version("{}")));
        waiting.ReceiveTimeout = (int)RawClient.Patience.TotalMilliseconds;
        waiting.Receive(new byte[1024]).ShouldBeGreaterThan(MessageHeader.Length);
    }
}
