using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Clients that ask nothing wrong, as fast as they can.</summary>
internal static class FloodCases
{
    private static readonly TimeSpan Time = TimeSpan.FromMilliseconds(Attack.Times(300, 15));

    public static IEnumerable<HostileCase> All =>
    [
        new("two that flood with short commands", null, attack => Flood(attack, 2, Payloads.Read(0, 0, 4))),
        new("two that flood with long commands", null, attack => Flood(attack, 2, Payloads.Read(SoakFunction.LargeBar, 0, SoakFunction.LargeLength))),
        new("four that flood with long commands", null, attack => Flood(attack, 4, Payloads.Read(SoakFunction.LargeBar, 0, SoakFunction.LargeLength))),
        new("two that flood with commands without replies", null, FloodWithoutReplies),
        new("two that flood in single bytes", null, FloodSingly) { MayCost = "did not finish a message", MaxWarnings = 2 },
    ];

    private static void Flood(Attack attack, int clients, byte[] read)
    {
        byte[] burst = [.. Enumerable.Range(0, 64).SelectMany(i => Payloads.Message((ushort)i, MessageCommand.RegionRead, MessageFlags.None, read))];
        Together(attack, clients, (client, over) =>
        {
            byte[] drain = new byte[1 << 20];
            while (!over())
            {
                client.TrySendNow(burst, out int sent);
                client.Socket.Receive(drain, [], wait: false, out int received);
                if (sent == 0 && received == 0)
                {
                    Thread.Yield();
                }

                // A burst that went in part is gone on with no more: the rest would be no message.
                if (sent % (burst.Length / 64) != 0)
                {
                    client.SendBytes(burst.AsSpan(sent, (burst.Length / 64) - (sent % (burst.Length / 64))));
                }
            }
        });
    }

    private static void FloodWithoutReplies(Attack attack)
    {
        byte[] burst = [.. Enumerable.Range(0, 8).SelectMany(_ => Payloads.Message(0, MessageCommand.RegionWrite, MessageFlags.NoReply, Payloads.Write(SoakFunction.LargeBar, 0, new byte[4096])))];
        Together(attack, 2, (client, over) =>
        {
            while (!over())
            {
                client.SendBytes(burst);
            }
        });
    }

    private static void FloodSingly(Attack attack)
    {
        byte[] message = Payloads.Message(0, MessageCommand.RegionRead, MessageFlags.NoReply, Payloads.Read(0, 0, 4));
        Together(attack, 2, (client, over) =>
        {
            while (!over())
            {
                for (int i = 0; i < message.Length; i++)
                {
                    client.SendBytes(message.AsSpan(i, 1));
                }
            }
        });
    }

    private static void Together(Attack attack, int clients, Action<RawClient, Func<bool>> flood)
    {
        long end = Environment.TickCount64 + (long)Time.TotalMilliseconds;
        Thread[] threads =
        [
            .. attack.Houses.Take(clients).Select(house => attack.Greet(house)).ToArray()
                .Select(client => new Thread(() => flood(client, () => Environment.TickCount64 > end))),
        ];
        Array.ForEach(threads, thread => thread.Start());
        Array.ForEach(threads, thread => thread.Join());
    }
}
