using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Clients that keep others waiting.</summary>
internal static class TimingCases
{
    private static readonly byte[] Read = Payloads.Message(1, MessageCommand.RegionRead, MessageFlags.None, Payloads.Read(SoakFunction.MemoryBar, 0, 4096));

    public static IEnumerable<HostileCase> All =>
    [
        new("one that never speaks", "did not say its version", attack => attack.Connect().HasEnded().ShouldBeTrue()),
        new("one that never reads its replies", "did not take what it was sent", NeverRead) { InEveryMode = true },
        new("one that never reads, and asks on", "did not take what it was sent", attack => attack.Greet().SendUntilEnded(Read)) { InEveryMode = true },
        new("one that never reads descriptors", "did not take what it was sent", NeverReadDescriptors),
        new("one that reads a byte at a time", null, ReadSlowly),
    ];

    private static void NeverRead(Attack attack)
    {
        RawClient client = attack.Greet();
        for (int i = 0; i < 1000 && client.SendBytes(Read); i++)
        {
        }

        client.HasEnded().ShouldBeTrue();
    }

    private static void NeverReadDescriptors(Attack attack)
    {
        RawClient client = attack.Greet();
        byte[] info = Payloads.Of(new Devices.Interop.Vfio.VfioRegionInfo { argsz = 4096, index = SoakFunction.MemoryBar });
        client.SendUntilEnded(Payloads.Message(1, MessageCommand.DeviceGetRegionInfo, MessageFlags.None, info));
    }

    private static void ReadSlowly(Attack attack)
    {
        RawClient client = attack.Greet();
        for (int i = 0; i < 100; i++)
        {
            client.Send(MessageCommand.RegionRead, Payloads.Read(SoakFunction.MemoryBar, 0, 4096));
        }

        byte[] one = new byte[1];
        for (int i = 0; i < Attack.Times(500); i++)
        {
            client.Socket.Receive(one, [], wait: true, out int count);
            count.ShouldBe(1);
        }
    }
}
