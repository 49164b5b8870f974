using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>A client of vfio-user in bytes.</summary>
internal sealed class RawClient(UnixSocket socket) : RawPeer(socket)
{
    /// <summary>What most tests propose: all descriptors, several writes at once, no socket for the server's commands.</summary>
    public const string UsualJson = """{"capabilities":{"max_msg_fds":128,"write_multiple":true}}""";

    private ushort lastId = 0x1000;

    /// <summary>Connects, once the server has room.</summary>
    public static RawClient Connect(string path)
    {
        UnixSocket? socket = null;
        Patience.Until(() => (socket = UnixSocket.Connect(path, out _)) is not null, $"nobody listens at {path}");
        return new RawClient(socket!);
    }

    /// <summary>Says the version and takes the answer.</summary>
    public RawMessage Greet(string? json = UsualJson, ushort minor = 2)
    {
        RawMessage answer = Call(Commands.Version, Payloads.Version(0, minor, json));
        (answer.Flags, answer.Error).ShouldBe((Reply, Errno.None));
        return answer;
    }

    /// <summary>Sends a command without waiting for anything.</summary>
    /// <returns>Its id.</returns>
    public ushort Post(ushort command, ReadOnlySpan<byte> payload, params FileDescriptor[] files)
    {
        ushort id = ++lastId;
        Send(Message(id, command, payload), files);
        return id;
    }

    /// <summary>Sends a command and receives its reply.</summary>
    public RawMessage Call(ushort command, ReadOnlySpan<byte> payload, params FileDescriptor[] files)
    {
        ushort id = Post(command, payload, files);
        RawMessage reply = Receive();
        (reply.Id, reply.Command, reply.Flags & ~ErrorFlag).ShouldBe((id, command, Reply));
        return reply;
    }

    /// <summary>The command is carried out, and replied to with exactly this payload and nothing beside.</summary>
    public void ShouldAnswer(ushort command, ReadOnlySpan<byte> request, ReadOnlySpan<byte> payload, params FileDescriptor[] files)
    {
        using RawMessage reply = Call(command, request, files);
        Convert.ToHexStringLower(reply.Bytes).ShouldBe(Convert.ToHexStringLower(Message(lastId, command, payload, Reply)));
        reply.Files.ShouldBeEmpty();
    }

    /// <summary>The command is refused by a bare header with this error, and the connection goes on.</summary>
    public void ShouldRefuse(Errno error, ushort command, ReadOnlySpan<byte> request, params FileDescriptor[] files)
    {
        using RawMessage reply = Call(command, request, files);
        Convert.ToHexStringLower(reply.Bytes).ShouldBe(
            Convert.ToHexStringLower(Message(lastId, command, [], Reply | ErrorFlag, (uint)error)), $"{(reply.Flags == Reply ? "it was carried out" : reply.Error)}");
        reply.Files.ShouldBeEmpty();
        ShouldBeServed();
    }

    /// <summary>The connection is there and is served.</summary>
    public void ShouldBeServed() => ShouldAnswer(Commands.GetInfo, Payloads.GetInfo(), new Bytes().U32(16, 3, 9, 5));

    public byte[] Read(uint region, ulong offset, uint count)
    {
        RawMessage reply = Call(Commands.RegionRead, Payloads.Region(region, offset, count));
        reply.Error.ShouldBe(Errno.None);
        return reply.Payload[16..];
    }

    public uint Read32(uint region, ulong offset) => BitConverter.ToUInt32(Read(region, offset, 4));

    public void Write(uint region, ulong offset, params byte[] data) =>
        Call(Commands.RegionWrite, Payloads.Region(region, offset, (uint)data.Length, data)).Error.ShouldBe(Errno.None);

    public void Write32(uint region, ulong offset, uint value) => Write(region, offset, BitConverter.GetBytes(value));

    /// <summary>Lets the function write to and read from memory (Bus Master Enable).</summary>
    public void PowerOn() => Write(7, 4, 6, 0);

    /// <summary>Where a capability lies in configuration space (PCIe 6.0, 7.5.1.1.11).</summary>
    public ulong FindCapability(byte id)
    {
        byte[] space = Read(7, 0, 256);
        byte at = space[0x34];
        while (at != 0 && space[at] != id)
        {
            at = space[at + 1];
        }

        at.ShouldNotBe((byte)0, $"there is no capability {id}");
        return at;
    }

    /// <summary>Carries a command out that has no payload to be replied with.</summary>
    public void Do(ushort command, ReadOnlySpan<byte> payload, params FileDescriptor[] files)
    {
        using RawMessage reply = Call(command, payload, files);
        (reply.Flags, reply.Error).ShouldBe((Reply, Errno.None));
    }
}
