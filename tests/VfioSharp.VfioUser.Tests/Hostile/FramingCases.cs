using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can do to the stream that messages come in.</summary>
internal static class FramingCases
{
    // The last is more than the most data with room for a header.
    private static readonly uint[] Sizes = [0, 4, 15, 0xffff_fff0, uint.MaxValue, 2 << 20];

    public static IEnumerable<HostileCase> All =>
    [
        .. Sizes.Select(size => new HostileCase($"a message of size 0x{size:x}", $"it has {size} bytes", attack => SaySize(attack, size))),
        new("a type that is none", "of type 7", attack => SendAndEnd(attack, Payloads.Message(9, MessageCommand.RegionRead, (MessageFlags)7, []))),
        new("a header split at every byte", null, attack => Split(attack, 1, MessageHeader.Length)) { InEveryMode = true },
        new("a body split at every byte", null, attack => Split(attack, MessageHeader.Length, MessageHeader.Length + 16)) { InEveryMode = true },
        new("a burst in single bytes", null, SendSingly) { InEveryMode = true },
        new("half a header, and nothing more", "did not finish a message", attack => Withhold(attack, 7)) { InEveryMode = true },
        new("a header, and its body withheld", "did not finish a message", attack => Withhold(attack, MessageHeader.Length)) { InEveryMode = true },
        new("a long body withheld but for a byte", "did not finish a message", WithholdLast) { InEveryMode = true },
        new("bytes that are no messages", "says that it has", attack => SendAndEnd(attack, [.. Enumerable.Repeat((byte)'A', 4096)])),
    ];

    // A client that has been served rightly until then.
    private static void SaySize(Attack attack, uint size) =>
        SendAndEnd(attack, Payloads.Message(9, MessageCommand.RegionRead, MessageFlags.None, Payloads.Read(0, 0, 4), size));

    private static void SendAndEnd(Attack attack, byte[] bytes)
    {
        RawClient client = attack.Greet();
        client.IsServed().ShouldBeTrue();
        client.SendBytes(bytes);
        client.HasEnded().ShouldBeTrue();
    }

    private static void Split(Attack attack, int from, int to)
    {
        RawClient client = attack.Greet();
        byte[] message = Payloads.Message(0, MessageCommand.RegionRead, MessageFlags.None, Payloads.Read(0, SoakFunction.Identity, 4));
        for (int at = from; at < to; at++)
        {
            client.SendBytes(message.AsSpan(0, at));
            Thread.Sleep(TimeSpan.FromMilliseconds(2));
            client.SendBytes(message.AsSpan(at));
            RawMessage reply = client.Receive().ShouldNotBeNull();
            reply.Payload.Length.ShouldBe(20);
            reply.Payload[16..].ShouldBe([(byte)attack.House.Number, 0, 0xAC, 0x50]);
        }
    }

    private static void SendSingly(Attack attack)
    {
        RawClient client = attack.Greet();
        for (int i = 0; i < Attack.Times(20); i++)
        {
            byte[] message = Payloads.Message((ushort)i, MessageCommand.DeviceGetIrqInfo, MessageFlags.None, Payloads.Of(new Devices.Interop.Vfio.VfioIrqInfo { argsz = 16, index = 2 }));
            for (int at = 0; at < message.Length; at++)
            {
                client.SendBytes(message.AsSpan(at, 1));
            }

            client.Receive().ShouldNotBeNull().As<Devices.Interop.Vfio.VfioIrqInfo>().count.ShouldBe((uint)SoakFunction.Vectors);
        }
    }

    private static void Withhold(Attack attack, int after)
    {
        RawClient client = attack.Greet();
        client.SendBytes(Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.None, Payloads.Write32(0, SoakFunction.Scratch, 1)).AsSpan(0, after));
        client.HasEnded().ShouldBeTrue();
    }

    private static void WithholdLast(Attack attack)
    {
        RawClient client = attack.Greet();
        byte[] message = Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.None, Payloads.Write(SoakFunction.LargeBar, 0, new byte[1 << 20]));
        client.SendBytes(message.AsSpan(0, message.Length - 1));
        client.HasEnded().ShouldBeTrue();
    }
}
