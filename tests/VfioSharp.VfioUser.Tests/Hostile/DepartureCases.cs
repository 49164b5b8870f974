using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>Clients that end, as killed ones do, in the middle of something. Nobody has done anything wrong then.</summary>
internal static class DepartureCases
{
    private const ulong Address = 0x10_0000;
    private static readonly TimeSpan Slow = TimeSpan.FromMilliseconds(60);

    public static IEnumerable<HostileCase> All =>
    [
        new("gone in the middle of any message", null, LeaveInMessages) { InEveryMode = true },
        new("gone before its version is answered", null, LeaveUngreeted),
        new("gone right behind its last message", null, LeaveBehindMessage),
        new("gone in a reset", null, attack => LeaveSlow(attack, client => client.Send(MessageCommand.DeviceReset, []))) { InEveryMode = true },
        new("gone while memory is taken back", null, attack => LeaveSlow(attack, client => client.Send(MessageCommand.DmaUnmap, Payloads.Unmap(Address, 0x1000)))) { InEveryMode = true },
        new("gone in a reset by register", null, attack => LeaveSlow(attack, client => client.Send(MessageCommand.RegionWrite, InitiateReset(client)))) { InEveryMode = true },
        new("resets by register without end, and gone", null, ResetWithoutEnd) { InEveryMode = true },
        new("gone while it is asked for memory", null, LeaveAsked) { InEveryMode = true },
        new("gone with replies unread", null, LeaveUnread) { InEveryMode = true },
        new("gone in every state of migration", null, LeaveMigrating) { InEveryMode = true },
        new("gone with interrupts on their way", null, LeaveInterrupted) { InEveryMode = true },
        new("gone while it waits for its turn", null, LeaveWaiting),
    ];

    private static void LeaveInMessages(Attack attack)
    {
        EventFd eventFd = attack.EventFd();
        FileDescriptor memory = attack.Memory(0x1000);
        (MessageCommand Command, byte[] Payload, FileDescriptor[] Along)[] messages =
        [
            (MessageCommand.DmaMap, Payloads.Map(Address, 0x1000), [memory]), (MessageCommand.DmaMap, Payloads.Map(Address, 0x1000), []),
            (MessageCommand.DmaUnmap, Payloads.Unmap(0, 0, 2), []), (MessageCommand.DeviceGetInfo, Payloads.Of(new DeviceInfo { ArgumentSize = 16 }), []),
            (MessageCommand.DeviceGetRegionInfo, Payloads.Of(new VfioRegionInfo { argsz = 4096, index = 1 }), []),
            (MessageCommand.DeviceGetRegionIoFds, Payloads.Of(new RegionIoFds { ArgumentSize = 4096 }), []),
            (MessageCommand.DeviceGetIrqInfo, Payloads.Of(new VfioIrqInfo { argsz = 16 }), []), (MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 2), [eventFd.File, eventFd.File]),
            (MessageCommand.RegionRead, Payloads.Read(4, 0, 1 << 20), []), (MessageCommand.RegionWrite, Payloads.Write(4, 0, new byte[1 << 18]), []), (MessageCommand.DeviceReset, [], []),
            (MessageCommand.RegionWriteMulti, Payloads.WriteMulti(1, new WriteEntry { Offset = 8, Count = 4 }), []),
            (MessageCommand.DeviceFeature, Payloads.State(VfioMigrationState.VFIO_DEVICE_STATE_STOP), []), (MessageCommand.MigrationDataRead, Payloads.Data(8, 0), []),
            (MessageCommand.MigrationDataWrite, Payloads.Data(12, 4, 1, 2, 3, 4), []),
        ];
        foreach ((MessageCommand command, byte[] payload, FileDescriptor[] along) in messages)
        {
            byte[] message = Payloads.Message(1, command, MessageFlags.None, payload);
            foreach (int part in (ReadOnlySpan<int>)[1, 16, (16 + message.Length) / 2, message.Length - 1, message.Length])
            {
                RawClient client = attack.Greet();
                client.SendBytes(message.AsSpan(0, Math.Min(part, message.Length)), along);
                client.Dispose();
            }
        }
    }

    private static void LeaveUngreeted(Attack attack)
    {
        byte[] version = Payloads.Message(1, MessageCommand.Version, MessageFlags.None, Payloads.Version(Payloads.TwinCapabilities));
        for (int part = 0; part <= version.Length; part++)
        {
            RawClient client = attack.Connect();
            client.SendBytes(version.AsSpan(0, part));
            client.Dispose();
        }
    }

    // While nobody has time to look, so that message and end are seen at once.
    private static void LeaveBehindMessage(Attack attack)
    {
        RawClient client = attack.Greet();
        foreach (House house in attack.Houses.Skip(1).Take(Environment.ProcessorCount + 2))
        {
            attack.Greet(house).Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Sleep, 50));
        }

        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Scratch, 1));
        client.Dispose();
        attack.Greet().IsServed().ShouldBeTrue();
    }

    private static void LeaveSlow(Attack attack, Action<RawClient> begin)
    {
        RawClient client = attack.Greet();
        FileDescriptor memory = attack.Memory(0x1000);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(Address, 0x1000), memory).Error.ShouldBe(Errno.None);
        attack.House.Function.ResetTime = attack.House.Function.QuiesceTime = Slow;
        begin(client);
        Thread.Sleep(20);
        client.Dispose();

        // The next gets the function as a reset leaves it, never in the midst of one, nor reset again later by one that is gone.
        RawClient next = attack.Greet();
        next.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Scratch, 0xCAFE)).Error.ShouldBe(Errno.None);
        Thread.Sleep(2 * Slow);
        next.Ask(MessageCommand.RegionRead, Payloads.Read(0, SoakFunction.Scratch, 4)).Payload[16..].ShouldBe([0xFE, 0xCA, 0, 0]);
        attack.House.Function.ResetTime = attack.House.Function.QuiesceTime = TimeSpan.Zero;
    }

    // Each takes its time, and no client pays for it.
    private static void ResetWithoutEnd(Attack attack)
    {
        RawClient client = attack.Greet();
        attack.House.Function.ResetTime = Slow;
        int before = attack.House.Function.Resets;
        byte[] reset = Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.NoReply, InitiateReset(client));
        for (int i = 0; i < Attack.Times(2_000); i++)
        {
            client.SendBytes(reset);
        }

        client.Dispose();
        attack.Greet().IsServed().ShouldBeTrue();
        (attack.House.Function.Resets - before).ShouldBeLessThan(100);
        attack.House.Function.ResetTime = TimeSpan.Zero;
    }

    private static void LeaveAsked(Attack attack)
    {
        foreach (string capabilities in (ReadOnlySpan<string>)["", Payloads.TwinCapabilities])
        {
            (RawClient client, RawClient commands) = ReplyCases.Show(attack, capabilities);
            client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Copy, SoakFunction.ReadMemory));
            commands.Receive().ShouldNotBeNull();
            client.Dispose();
        }
    }

    private static void LeaveUnread(Attack attack)
    {
        RawClient client = attack.Greet();
        byte[] read = Payloads.Message(1, MessageCommand.RegionRead, MessageFlags.None, Payloads.Read(SoakFunction.MemoryBar, 0, 4096));
        while (client.TrySendNow(read, out int count) && count == read.Length)
        {
        }

        client.Dispose();
    }

    private static void LeaveMigrating(Attack attack)
    {
        foreach (VfioMigrationState state in (ReadOnlySpan<VfioMigrationState>)
            [VfioMigrationState.VFIO_DEVICE_STATE_STOP, VfioMigrationState.VFIO_DEVICE_STATE_STOP_COPY, VfioMigrationState.VFIO_DEVICE_STATE_RESUMING, VfioMigrationState.VFIO_DEVICE_STATE_RUNNING])
        {
            RawClient client = attack.Greet();
            client.Ask(MessageCommand.DeviceFeature, Payloads.Feature(VfioDeviceFeature.VFIO_DEVICE_FEATURE_SET | 6, 24, Payloads.Of(new DirtyLogControl { PageSize = 4096 }))).Error.ShouldBe(Errno.None);
            client.Ask(MessageCommand.DeviceFeature, Payloads.State(state)).Error.ShouldBe(Errno.None);
            client.Dispose();
            using RawClient next = RawClient.Greet(attack.House.Path);
            next.IsServed().ShouldBeTrue();
            attack.House.Function.Memory.Log.ShouldBeNull();
        }
    }

    private static void LeaveInterrupted(Attack attack)
    {
        using var over = new CancellationTokenSource();
        Task raising = Task.Run(() =>
        {
            while (!over.IsCancellationRequested)
            {
                attack.House.Function.Raise(1);
            }
        });
        for (int i = 0; i < Attack.Times(20); i++)
        {
            RawClient client = attack.Greet();
            EventFd eventFd = attack.EventFd(blocks: true);
            client.Ask(MessageCommand.RegionWrite, Payloads.Write(SoakFunction.Configuration, 4, 7, 0)).Error.ShouldBe(Errno.None);
            client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 4), [.. Enumerable.Repeat(eventFd.File, 4)]).Error.ShouldBe(Errno.None);
            client.Dispose();
        }

        over.Cancel();
        raising.Wait();
    }

    private static void LeaveWaiting(Attack attack)
    {
        RawClient served = attack.Greet();
        for (int i = 0; i < Attack.Times(20); i++)
        {
            RawClient waiting = attack.Connect();
            waiting.Send(MessageCommand.Version, Payloads.Version("{}"));
            waiting.Send(MessageCommand.DeviceGetInfo, Payloads.Of(new DeviceInfo { ArgumentSize = 16 }));
            waiting.Dispose();
        }

        served.IsServed().ShouldBeTrue();
    }

    // Device Control's bit 15 (PCIe 6.0, 7.5.3.4), 8 bytes into the capability of PCI Express.
    private static byte[] InitiateReset(RawClient client)
    {
        byte[] space = client.Ask(MessageCommand.RegionRead, Payloads.Read(SoakFunction.Configuration, 0, 256)).Payload[16..];
        int at = space[0x34];
        while (space[at] != 0x10)
        {
            at = space[at + 1];
        }

        return Payloads.Write(SoakFunction.Configuration, (ulong)at + 8, 0, 0x80);
    }
}
