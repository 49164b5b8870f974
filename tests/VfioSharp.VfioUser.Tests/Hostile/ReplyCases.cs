using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can do when it is asked itself: its memory is read and written by messages.</summary>
internal static class ReplyCases
{
    private const ulong Address = 0x10_0000;
    private const uint Length = 64;

    public static IEnumerable<HostileCase> All =>
    [
        .. Cases(""), .. Cases(Payloads.TwinCapabilities),
        new("replies that nobody asked for", "nobody asked", attack => Unasked(attack)),
        new("a doorbell whose work is never answered", "did not reply", RingUnanswered) { InEveryMode = true },
        new("commands instead of a reply", "wait to be worked off|did not reply", FloodInsteadOfReply),
        new("the server's socket full, and never read", "take what it is sent", FillTwin),
        new("the server's socket closed", null, CloseTwin),
    ];

    private static IEnumerable<HostileCase> Cases(string capabilities)
    {
        string how = capabilities.Length == 0 ? "" : ", on a socket of its own";
        return
        [
            new($"memory that is never answered for{how}", "did not reply", attack => Answer(attack, capabilities, (_, _) => { })) { InEveryMode = true },
            new($"memory answered by too little{how}", "something else", attack => Answer(attack, capabilities, (client, ask) => Reply(client, ask, ask.Payload))),
            new($"memory answered by too much{how}", "something else", attack => Answer(attack, capabilities, (client, ask) => Reply(client, ask, [.. ask.Payload, .. new byte[Length + 1]]))),
            new($"memory answered by nothing{how}", "something else", attack => Answer(attack, capabilities, (client, ask) => Reply(client, ask, []))),
            new($"memory answered for another address{how}", "something else",
                attack => Answer(attack, capabilities, (client, ask) => Reply(client, ask, [.. Payloads.Of(new MemoryAccess { Address = 1, Count = Length }), .. new byte[Length]]))),
            new($"memory answered twice{how}", capabilities.Length == 0 ? "nobody asked" : null, attack => AnswerTwice(attack, capabilities)),
            new($"memory answered by another's id{how}", capabilities.Length == 0 ? "nobody asked" : "something else than replies",
                attack => Answer(attack, capabilities, (client, ask) => client.SendBytes(Payloads.Reply(ask.Header with { Id = 0x7777 }, [])))),
            new($"memory answered by a header that cannot be{how}", "says that it has", attack => Answer(attack, capabilities, (client, ask) =>
                client.SendBytes(Payloads.Message(ask.Header.Id, ask.Header.Command, MessageFlags.Reply, [], 3)))),
            new($"memory refused{how}", null, attack => Refuse(attack, capabilities)),
        ];
    }

    private static void Answer(Attack attack, string capabilities, Action<RawClient, RawMessage> answer)
    {
        (RawClient client, RawClient commands) = Show(attack, capabilities);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
        answer(commands, Asked(commands));
        client.HasEnded().ShouldBeTrue();
    }

    private static void AnswerTwice(Attack attack, string capabilities)
    {
        (RawClient client, RawClient commands) = Show(attack, capabilities);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
        RawMessage ask = Asked(commands);
        byte[] right = Payloads.Reply(ask.Header, [.. ask.Payload, .. new byte[Length]]);
        commands.SendBytes([.. right, .. right]);
        if (ReferenceEquals(client, commands))
        {
            client.HasEnded().ShouldBeTrue();
            return;
        }

        // There it is noticed by the next to ask, who gets a reply that is not the one to what was asked.
        client.Receive().ShouldNotBeNull().Error.ShouldBe(Errno.None);
        client.IsServed().ShouldBeTrue();
    }

    private static void Refuse(Attack attack, string capabilities)
    {
        (RawClient client, RawClient commands) = Show(attack, capabilities);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
        commands.SendBytes(Payloads.Reply(Asked(commands).Header, [], error: (uint)Errno.EFAULT));
        client.Receive().ShouldNotBeNull().Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionRead, Payloads.Read(0, SoakFunction.Failures, 4)).Payload[16].ShouldBe((byte)1);
    }

    private static void Unasked(Attack attack)
    {
        RawClient client = attack.Greet();
        client.SendBytes(Payloads.Message(77, MessageCommand.DmaRead, MessageFlags.Reply, Payloads.Of(new MemoryAccess())));
        client.HasEnded().ShouldBeTrue();
    }

    private static void RingUnanswered(Attack attack)
    {
        (RawClient client, _) = Show(attack, "");
        EventFd bell = InterruptCases.GetBell(attack, client);
        bell.Signal();
        Asked(client);
        client.HasEnded().ShouldBeTrue();
    }

    private static void FloodInsteadOfReply(Attack attack)
    {
        (RawClient client, _) = Show(attack, "");
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
        byte[] writes = Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.NoReply, Payloads.Write(SoakFunction.MemoryBar, 0, new byte[32 << 10]));
        client.SendUntilEnded(writes);
    }

    private static void FillTwin(Attack attack)
    {
        (RawClient client, RawClient commands) = Show(attack, Payloads.TwinCapabilities);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Length, 8 << 20)).Error.ShouldBe(Errno.None);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.WriteMemory));
        client.HasEnded().ShouldBeTrue();
        commands.Dispose();
    }

    private static void CloseTwin(Attack attack)
    {
        (RawClient client, RawClient commands) = Show(attack, Payloads.TwinCapabilities);
        commands.Dispose();
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionRead, Payloads.Read(0, SoakFunction.Failures, 4)).Payload[16].ShouldBe((byte)1);
    }

    private static RawMessage Asked(RawClient commands)
    {
        RawMessage ask = commands.Receive().ShouldNotBeNull();
        ask.Header.Command.ShouldBe(MessageCommand.DmaRead);
        ask.Payload.ShouldBe(Payloads.Of(new MemoryAccess { Address = Address, Count = Length }));
        return ask;
    }

    private static void Reply(RawClient commands, RawMessage ask, byte[] payload) => commands.SendBytes(Payloads.Reply(ask.Header, payload));

    /// <summary>A client that has shown memory without a descriptor, and where it is asked about it.</summary>
    internal static (RawClient Client, RawClient Commands) Show(Attack attack, string capabilities)
    {
        RawClient client;
        RawClient commands;
        if (capabilities.Length == 0)
        {
            client = commands = attack.Greet();
        }
        else
        {
            client = attack.Connect();
            RawMessage answer = client.Ask(MessageCommand.Version, Payloads.Version(capabilities));
            commands = attack.Hold(new RawClient(new UnixSocket(answer.Files.ShouldHaveSingleItem())));
        }

        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, 16 << 20)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.DeviceReset, []).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write(SoakFunction.Configuration, 4, 7, 0)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write(0, SoakFunction.Address, Payloads.Of(Address))).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Length, Length)).Error.ShouldBe(Errno.None);
        return (client, commands);
    }
}
