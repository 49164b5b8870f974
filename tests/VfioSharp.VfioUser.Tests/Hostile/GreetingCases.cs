using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can say first.</summary>
internal static class GreetingCases
{
    public static IEnumerable<HostileCase> All =>
    [
        new("begins by another command", "did not begin by its version", attack => Begin(attack, MessageCommand.DeviceGetInfo, new byte[16], null)),
        new("begins by a reply", "nobody asked", attack => BeginBytes(attack, Payloads.Message(1, MessageCommand.Version, MessageFlags.Reply, Payloads.Version("{}")))),
        new("a version cut off", "cut off", attack => Begin(attack, MessageCommand.Version, [0, 0], Errno.EINVAL)),
        new("a version from the future", "version 7.2", attack => Begin(attack, MessageCommand.Version, Payloads.Version("{}", major: 7), Errno.EINVAL)),
        Text("capabilities without an end", "NUL", Payloads.Version("{}")[..^1]),
        Text("capabilities that are no JSON", "cannot be read", Payloads.Version("{\"capabilities\":")),
        Text("capabilities nested deeply", "cannot be read", Payloads.Version($"{{\"x\":{new string('[', 100_000)}")),
        Text("a name that is no text", "cannot be read", Payloads.Version("""{"\ud800":1}""")),
        Text("a name that is no UTF-8", "no UTF-8", [0, 0, 2, 0, (byte)'{', (byte)'"', 0xff, 0xfe, (byte)'"', (byte)':', (byte)'1', (byte)'}', 0]),
        Text("capabilities of the wrong kinds", "cannot be read", Payloads.Version("""{"capabilities":{"max_msg_fds":-1}}""")),
        Text("a megabyte of capabilities that say nothing", null, Payloads.Version($"{{\"x\":\"{new string('x', 1 << 20)}\"}}")),
        new("a client that takes nothing", null, TakeNothing),
        new("a second version", null, attack => attack.Greet().Ask(MessageCommand.Version, Payloads.Version("{}")).Error.ShouldBe(Errno.EINVAL)),
    ];

    private static HostileCase Text(string name, string? warning, byte[] version) =>
        new(name, warning, attack => Begin(attack, MessageCommand.Version, version, warning is null ? Errno.None : Errno.EINVAL));

    private static void Begin(Attack attack, MessageCommand command, byte[] payload, Errno? error)
    {
        RawClient client = attack.Connect();
        client.Send(command, payload);
        if (error is { } expected)
        {
            client.Receive().ShouldNotBeNull().Error.ShouldBe(expected);
        }

        if (error != Errno.None)
        {
            client.HasEnded().ShouldBeTrue();
        }
    }

    private static void BeginBytes(Attack attack, byte[] bytes)
    {
        RawClient client = attack.Connect();
        client.SendBytes(bytes);
        client.HasEnded().ShouldBeTrue();
    }

    // What it says that it takes bounds what it is sent, not what it may ask.
    private static void TakeNothing(Attack attack)
    {
        RawClient client = attack.Greet(null, """{"capabilities":{"max_msg_fds":0,"max_data_xfer_size":0,"max_dma_maps":0,"pgsizes":0}}""");
        client.IsServed().ShouldBeTrue();
        client.Ask(MessageCommand.DmaMap, Payloads.Map(0x1000, 0x1000)).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Length, 16)).Error.ShouldBe(Errno.None);
    }
}
