using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interop.Vfio;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can do with the eventfds that it is interrupted by.</summary>
internal static class InterruptCases
{
    private const ulong Most = ulong.MaxValue - 1; // as much as an eventfd can count
    private const uint Trigger = VfioIrqSet.VFIO_IRQ_SET_ACTION_TRIGGER | VfioIrqSet.VFIO_IRQ_SET_DATA_NONE;

    public static IEnumerable<HostileCase> All =>
    [
        new("eventfds that are full and block", null, attack => Fill(attack, blocks: true)) { InEveryMode = true },
        new("eventfds that are full and do not block", null, attack => Fill(attack, blocks: false)),
        new("an eventfd that blocks once it was given", null, attack => BlockLater(attack, TimeSpan.Zero)) { InEveryMode = true },
        new("one that blocks so for seconds", null, attack => BlockLater(attack, TimeSpan.FromSeconds(1.5))) { InEveryMode = true },
        new("eventfds filled and emptied meanwhile", null, Race) { InEveryMode = true },
        new("the line unmasked without end", null, UnmaskLine),
        new("a doorbell rung without end", null, RingBell) { InEveryMode = true },
        new("interrupts without end", null, Interrupt),
    ];

    private static void Fill(Attack attack, bool blocks)
    {
        RawClient client = attack.Greet();
        EventFd eventFd = Give(attack, client, blocks);
        eventFd.Signal(Most).ShouldBe(Errno.None);
        for (int i = 0; i < Attack.Times(20); i++)
        {
            client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Fire, (uint)i)).Error.ShouldBe(Errno.None);
            client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Interrupts(InterruptKind.Msix, Trigger, 0, SoakFunction.Vectors)).Error.ShouldBe(Errno.None);
        }
    }

    // Whether it blocks is said of the file, which both sides share.
    private static void BlockLater(Attack attack, TimeSpan time)
    {
        RawClient client = attack.Greet();
        EventFd eventFd = Give(attack, client, blocks: false);
        eventFd.File.Control(FileControl.F_SETFL, 0, out _).ShouldBe(Errno.None);
        eventFd.Signal(Most).ShouldBe(Errno.None);
        client.Send(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Fire, 1));
        Thread.Sleep(TimeSpan.FromMilliseconds(50) + time);
        client.Dispose();
    }

    // Whoever looks whether a call would wait finds it otherwise in the call.
    private static void Race(Attack attack)
    {
        for (int i = 0; i < Attack.Times(3); i++)
        {
            RawClient client = attack.Greet();
            EventFd eventFd = Give(attack, client, blocks: true);
            EventFd feeder = attack.Hold(new EventFd(eventFd.File.Duplicate(out _)!));
            using var over = new CancellationTokenSource();
            var filling = new Thread(() =>
            {
                while (!over.IsCancellationRequested)
                {
                    if (feeder.File.IsReady(PollFlags.POLLOUT))
                    {
                        feeder.Signal(Most - 1);
                    }

                    Drain(feeder);
                }
            });
            filling.Start();
            byte[] fire = Payloads.Message(1, MessageCommand.RegionWrite, MessageFlags.NoReply, Payloads.Write32(0, SoakFunction.Fire, 1));
            for (int sent = 0; sent < 300; sent++)
            {
                client.TrySendNow(fire, out _);
            }

            client.Dispose();
            Thread.Sleep(20);
            over.Cancel();

            // It may hang in its own eventfd itself.
            while (!filling.Join(1))
            {
                Drain(eventFd);
                if (eventFd.File.IsReady(PollFlags.POLLOUT))
                {
                    eventFd.Signal();
                }
            }
        }
    }

    private static void Drain(EventFd eventFd)
    {
        if (eventFd.File.IsReady(PollFlags.POLLIN))
        {
            eventFd.Read(out _);
        }
    }

    private static void UnmaskLine(Attack attack)
    {
        RawClient client = attack.Greet();
        EventFd unmask = attack.EventFd();
        EventFd line = attack.EventFd();
        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Intx, 0, 1), line.File).Error.ShouldBe(Errno.None);
        client.Ask(
            MessageCommand.DeviceSetIrqs,
            Payloads.Interrupts(InterruptKind.Intx, VfioIrqSet.VFIO_IRQ_SET_ACTION_UNMASK | VfioIrqSet.VFIO_IRQ_SET_DATA_EVENTFD, 0, 1), unmask.File).Error.ShouldBe(Errno.None);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write32(0, SoakFunction.Line, 1)).Error.ShouldBe(Errno.None);
        for (int i = 0; i < Attack.Times(5_000); i++)
        {
            unmask.Signal();
        }
    }

    private static void RingBell(Attack attack)
    {
        RawClient client = attack.Greet();
        EventFd bell = GetBell(attack, client);
        for (int i = 0; i < Attack.Times(5_000); i++)
        {
            bell.Signal();
        }

        client.IsServed().ShouldBeTrue();
    }

    private static void Interrupt(Attack attack)
    {
        RawClient client = attack.Greet();
        Give(attack, client, blocks: false);
        byte[] all = Payloads.Message(1, MessageCommand.DeviceSetIrqs, MessageFlags.NoReply, Payloads.Interrupts(InterruptKind.Msix, Trigger, 0, SoakFunction.Vectors));
        for (int i = 0; i < Attack.Times(1_000); i++)
        {
            client.SendBytes(all);
        }

        client.IsServed().ShouldBeTrue();
    }

    /// <summary>The eventfd that rings the function's doorbell.</summary>
    internal static EventFd GetBell(Attack attack, RawClient client)
    {
        RawMessage bells = client.Ask(MessageCommand.DeviceGetRegionIoFds, Payloads.Of(new RegionIoFds { ArgumentSize = 4096 }));
        bells.Files.Length.ShouldBe(1);
        return attack.Hold(new EventFd(bells.Files[0]));
    }

    // The same for all vectors, unmasked, and the function may send.
    private static EventFd Give(Attack attack, RawClient client, bool blocks)
    {
        EventFd eventFd = attack.EventFd(blocks);
        client.Ask(MessageCommand.RegionWrite, Payloads.Write(SoakFunction.Configuration, 4, 7, 0)).Error.ShouldBe(Errno.None);
        client.Ask(
            MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, SoakFunction.Vectors), [.. Enumerable.Repeat(eventFd.File, SoakFunction.Vectors)])
            .Error.ShouldBe(Errno.None);
        return eventFd;
    }
}
