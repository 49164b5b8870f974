using System.Net;
using System.Net.Sockets;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Seam;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>What a client can do with descriptors.</summary>
internal static class DescriptorCases
{
    public static IEnumerable<HostileCase> All =>
    [
        new("more descriptors than may come", "129 descriptors", attack => SendTooMany(attack, 129)),
        new("253 descriptors at once", "253 descriptors", attack => SendTooMany(attack, 253)),
        new("253 descriptors with a message that takes none", null, SendUnasked),
        new("more, fewer and other descriptors than declared", null, Misdeclare),
        new("descriptors one a byte", null, Trickle),
        new("descriptors one a byte, of a message that never ends", "descriptors wait", TrickleForEver),
        new("as many descriptors as vectors, again and again", null, Replace),
        new("its own end of the connection", "did not finish a message", GiveItself),
        new("a socket that lingers when it is closed", "no regular file", GiveLingering),
        new("descriptors with what is to have no reply", null, SendWithoutReply),
    ];

    private static void SendTooMany(Attack attack, int count)
    {
        RawClient client = attack.Greet();
        client.Send(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, (uint)count), MessageFlags.None, Many(attack, count));
        client.HasEnded().ShouldBeTrue();
    }

    private static void SendUnasked(Attack attack)
    {
        RawClient client = attack.Greet();
        for (int i = 0; i < Attack.Times(20); i++)
        {
            client.Ask(MessageCommand.RegionRead, Payloads.Read(0, 0, 4), Many(attack, 253)).Error.ShouldBe(Errno.None);
        }
    }

    private static void Misdeclare(Attack attack)
    {
        RawClient client = attack.Greet();
        using Pipes pipes = new();
        FileDescriptor[] two = Many(attack, 2);
        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 4), two).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 1), two).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Interrupts(InterruptKind.Msix, 0x21, 0, 1), two).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DmaMap, Payloads.Map(0x10000, 0x1000), [attack.Memory(0x1000), attack.Memory(0x1000)]).Error.ShouldBe(Errno.EINVAL);

        // A write of 8 bytes to any of these would do something to somebody.
        FileDescriptor[] others = [attack.Memory(0x1000), pipes.Full, pipes.Empty, attack.Open("/dev/zero"), attack.Open(Path.GetDirectoryName(attack.House.Path)!, OpenFlags.O_RDONLY), client.Socket.File];
        foreach (FileDescriptor other in others)
        {
            client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 2), [two[0], other]).Error.ShouldBe(Errno.EINVAL);
        }

        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 0)).Error.ShouldBe(Errno.EINVAL);
        client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 4)).Error.ShouldBe(Errno.None); // none at all takes them away
        client.IsServed().ShouldBeTrue();
        pipes.IsUntouched.ShouldBeTrue();
    }

    private static void Trickle(Attack attack)
    {
        RawClient client = attack.Greet();
        byte[] message = Payloads.Message(1, MessageCommand.DeviceSetIrqs, MessageFlags.None, Payloads.Triggers(InterruptKind.Msix, 0, 36));
        message.Length.ShouldBe(36);
        FileDescriptor[] files = Many(attack, 36);
        for (int i = 0; i < message.Length; i++)
        {
            client.SendBytes(message.AsSpan(i, 1), files[i]);
        }

        client.Receive().ShouldNotBeNull().Error.ShouldBe(Errno.None);
    }

    private static void TrickleForEver(Attack attack)
    {
        RawClient client = attack.Greet();
        byte[] message = Payloads.Message(1, MessageCommand.DeviceSetIrqs, MessageFlags.None, new byte[4096]);
        FileDescriptor[] files = Many(attack, 50);
        for (int i = 0; i < message.Length && client.SendBytes(message.AsSpan(i, 1), files); i++)
        {
        }

        client.HasEnded().ShouldBeTrue();
    }

    private static void Replace(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor[] files = Many(attack, SoakFunction.Vectors);
        foreach (uint action in (ReadOnlySpan<uint>)[0x8, 0x10, 0x20])
        {
            for (int i = 0; i < Attack.Times(20); i++)
            {
                client.Ask(MessageCommand.DeviceSetIrqs, Payloads.Interrupts(InterruptKind.Msix, action | 4, 0, SoakFunction.Vectors), files).Error.ShouldBe(Errno.None);
            }
        }
    }

    // The server holds the other end of what it waits for, and would wait for ever.
    private static void GiveItself(Attack attack)
    {
        RawClient client = attack.Greet();
        client.SendBytes(Payloads.Message(1, MessageCommand.DmaMap, MessageFlags.None, Payloads.Map(0, 0x1000)).AsSpan(0, 20), client.Socket.File);
        client.Dispose();
        Thread.Sleep(Street.Limits.MessageTime);
    }

    // Closing the last descriptor of such a socket waits for whoever is at its other end (socket(7), SO_LINGER).
    private static void GiveLingering(Attack attack)
    {
        using var listener = new TcpListener(IPAddress.Loopback, 0);
        listener.Start();
        RawClient client = attack.Greet();
        Give(MessageCommand.RegionRead, Payloads.Read(0, 0, 4));
        Give(MessageCommand.DmaMap, Payloads.Map(0, 0x1000));
        Give(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 0, 1));
        client.IsServed().ShouldBeTrue();

        void Give(MessageCommand command, byte[] payload)
        {
            byte[] message = Payloads.Message(1, command, MessageFlags.None, payload);
            using (FileDescriptor socket = Linger(listener, attack))
            {
                client.SendBytes(message.AsSpan(0, 4), socket);
            }

            client.SendBytes(message.AsSpan(4));
            client.Receive().ShouldNotBeNull().Header.Command.ShouldBe(command);
        }
    }

    // A socket that holds bytes that nobody takes.
    private static FileDescriptor Linger(TcpListener listener, Attack attack)
    {
        var socket = new Socket(SocketType.Stream, ProtocolType.Tcp);
        socket.Connect(listener.LocalEndpoint);
        attack.Hold(listener.AcceptSocket());
        socket.LingerState = new LingerOption(true, 60);
        socket.Blocking = false;
        while (socket.Send(new byte[1 << 16], System.Net.Sockets.SocketFlags.None, out SocketError error) > 0 && error == SocketError.Success)
        {
        }

        FileDescriptor file = FileDescriptor.Adopt((int)socket.Handle);
        socket.SafeHandle.SetHandleAsInvalid();
        return file;
    }

    private static void SendWithoutReply(Attack attack)
    {
        RawClient client = attack.Greet();
        FileDescriptor[] files = Many(attack, 3);
        FileDescriptor memory = attack.Memory(0x1000);
        for (int i = 0; i < Attack.Times(50); i++)
        {
            client.Send(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 5, 3), MessageFlags.NoReply, files);
            client.Send(MessageCommand.DeviceSetIrqs, Payloads.Triggers(InterruptKind.Msix, 5, 2), MessageFlags.NoReply, files);
            client.Send(MessageCommand.DmaMap, Payloads.Map(0x1000, 0x1000), MessageFlags.NoReply, memory);
            client.Send(MessageCommand.DmaUnmap, Payloads.Unmap(0x1000, 0x1000), MessageFlags.NoReply, memory);
        }

        client.IsServed().ShouldBeTrue();
    }

    private static FileDescriptor[] Many(Attack attack, int count)
    {
        EventFd one = attack.EventFd();
        return [.. Enumerable.Repeat(one.File, count)];
    }
}
