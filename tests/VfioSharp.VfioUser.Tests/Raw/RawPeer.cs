using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Tests.Raw;

/// <summary>One end of a connection that sends exactly the bytes and descriptors it is told, and receives whatever comes. Nothing of the product but the socket.</summary>
internal class RawPeer(UnixSocket socket) : IDisposable
{
    public const int HeaderLength = 16;
    public const uint Reply = 1;
    public const uint NoReply = 1 << 4;
    public const uint ErrorFlag = 1 << 5;

    private readonly List<FileDescriptor> arriving = [];

    public UnixSocket Socket { get; } = Prepare(socket);

    /// <summary>A whole message.</summary>
    public static byte[] Message(ushort id, ushort command, ReadOnlySpan<byte> payload, uint flags = 0, uint error = 0, uint? size = null) =>
        new Bytes().U16(id, command).U32(size ?? (uint)(HeaderLength + payload.Length), flags, error).Raw(payload);

    /// <summary>Sends all of it, the descriptors with the first byte.</summary>
    public void Send(ReadOnlySpan<byte> bytes, params FileDescriptor[] files)
    {
        while (!bytes.IsEmpty)
        {
            Errno error = Socket.Send(bytes, files, wait: true, out int count);
            error.ShouldBe(Errno.None, "the peer does not take what it is sent");
            bytes = bytes[count..];
            files = [];
        }
    }

    /// <summary>Sends as much as is taken; false where the peer has closed by then.</summary>
    public bool TrySend(ReadOnlySpan<byte> bytes, params FileDescriptor[] files)
    {
        while (!bytes.IsEmpty)
        {
            if (Socket.Send(bytes, files, wait: true, out int count) != Errno.None)
            {
                return false;
            }

            bytes = bytes[count..];
            files = [];
        }

        return true;
    }

    /// <summary>Receives a message: what its header says, and the descriptors that came with its bytes.</summary>
    public RawMessage Receive()
    {
        byte[] header = ReceiveExactly(HeaderLength);
        uint size = BitConverter.ToUInt32(header, 4);
        size.ShouldBeInRange((uint)HeaderLength, 64u << 20);
        byte[] rest = ReceiveExactly((int)size - HeaderLength);
        var message = new RawMessage([.. header, .. rest], [.. arriving]);
        arriving.Clear();
        return message;
    }

    /// <summary>Whether something has come, or the peer has closed.</summary>
    public bool HasInput(int milliseconds = 0) => Socket.File.IsReady(PollFlags.POLLIN, milliseconds);

    /// <summary>The peer closes, and sends nothing before.</summary>
    public void ShouldEnd()
    {
        byte[] byteOrNone = new byte[1];
        Errno error = Socket.Receive(byteOrNone, arriving, wait: true, out int count);
        (error, count).ShouldBeOneOf([(Errno.None, 0), (Errno.ECONNRESET, 0)], "the connection goes on");
    }

    /// <summary>No more bytes come from this side; those of the other do.</summary>
    public void Shutdown() => Socket.Shutdown();

    public virtual void Dispose()
    {
        arriving.ForEach(file => file.Dispose());
        Socket.Dispose();
        GC.SuppressFinalize(this);
    }

    private static UnixSocket Prepare(UnixSocket socket)
    {
        socket.SetReceiveTimeout(Patience.Limit);
        socket.SetSendTimeout(Patience.Limit);
        return socket;
    }

    private byte[] ReceiveExactly(int length)
    {
        byte[] bytes = new byte[length];
        for (int at = 0; at < length;)
        {
            Errno error = Socket.Receive(bytes.AsSpan(at), arriving, wait: true, out int count);
            error.ShouldBe(Errno.None, "nothing came");
            count.ShouldBeGreaterThan(0, "the peer has closed");
            at += count;
        }

        return bytes;
    }
}
