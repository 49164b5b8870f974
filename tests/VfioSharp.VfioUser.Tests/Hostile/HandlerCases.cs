using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What authors of functions do wrong.</summary>
internal static class HandlerCases
{
    public static IEnumerable<HostileCase> All =>
    [
        new("a handler that blocks", null, attack => Block(attack, 1)) { InEveryMode = true },
        new("handlers that block, of more functions than threads", null, attack => Block(attack, 12)),
        new("handlers that throw", null, Throw) { InEveryMode = true },
        new("gone while a handler blocks", null, LeaveBlocked) { InEveryMode = true },
    ];

    private static void Block(Attack attack, int functions)
    {
        RawClient[] clients = [.. attack.Houses.Take(functions).Select(house => attack.Greet(house))];
        foreach (RawClient client in clients)
        {
            client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Sleep, (uint)Attack.Times(400, 5)));
        }

        foreach (RawClient client in clients)
        {
            client.Receive().ShouldNotBeNull().Error.ShouldBe(Errno.None);
        }
    }

    private static void Throw(Attack attack)
    {
        RawClient client = attack.Greet();
        for (int i = 0; i < Attack.Times(100); i++)
        {
            client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Throw, 0)).Error.ShouldBe(Errno.None);
            client.Ask(MessageCommand.RegionRead, Payloads.Read(0, SoakFunction.Throw, 4)).Payload[16..].ShouldBe([0xFF, 0xFF, 0xFF, 0xFF]);
        }
    }

    private static void LeaveBlocked(Attack attack)
    {
        RawClient client = attack.Greet();
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Sleep, 300));
        Thread.Sleep(20);
        client.Dispose();
    }
}
