using System.Diagnostics;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Hostile;

/// <summary>A client that says what it likes, how it likes, and sees what comes back. Nothing in it waits for ever.</summary>
internal sealed class RawClient : IDisposable
{
    /// <summary>How long anything may take that is bound to come.</summary>
    public static readonly TimeSpan Patience = TimeSpan.FromSeconds(10);

    private readonly List<FileDescriptor> files = [];
    private byte[] received = new byte[64 << 10];
    private int start;
    private int end;
    private ushort lastId;

    public RawClient(UnixSocket socket)
    {
        Socket = socket;
        socket.SetSendTimeout(Patience);
        socket.SetReceiveTimeout(Patience);
    }

    public UnixSocket Socket { get; }

    /// <summary>Connects, and waits for room where the server has none.</summary>
    public static RawClient Connect(string path)
    {
        long begun = Stopwatch.GetTimestamp();
        while (true)
        {
            if (UnixSocket.Connect(path, out Errno error) is { } socket)
            {
                return new RawClient(socket);
            }

            if (error != Errno.EAGAIN || Stopwatch.GetElapsedTime(begun) > Patience)
            {
                throw new IOException($"no connection to {path}: {error}");
            }

            Thread.Sleep(1);
        }
    }

    /// <summary>Connects and waits until the function is this client's.</summary>
    public static RawClient Greet(string path, string capabilities = Payloads.Capabilities)
    {
        RawClient client = Connect(path);
        RawMessage answer = client.Ask(MessageCommand.Version, Payloads.Version(capabilities));
        return answer.Error == Errno.None ? client : throw new IOException($"the server refuses: {answer.Error}");
    }

    /// <summary>Sends a whole command.</summary>
    /// <returns>Its id.</returns>
    public ushort Send(MessageCommand command, ReadOnlySpan<byte> payload, MessageFlags flags = MessageFlags.None, params FileDescriptor[] along)
    {
        ushort id = ++lastId;
        SendBytes(Payloads.Message(id, command, flags, payload), along);
        return id;
    }

    /// <summary>Sends bytes, all of them; what the server does with them is its own affair, closing among it.</summary>
    /// <returns>False where the server has closed.</returns>
    public bool SendBytes(ReadOnlySpan<byte> bytes, params FileDescriptor[] along)
    {
        while (bytes.Length > 0)
        {
            Errno error = Socket.Send(bytes, along, wait: true, out int count);
            if (error is Errno.EPIPE or Errno.ECONNRESET)
            {
                return false;
            }

            if (error != Errno.None)
            {
                throw new IOException($"sending failed: {error}");
            }

            bytes = bytes[count..];
            along = [];
        }

        return true;
    }

    /// <summary>Sends the same again and again until the server closes, which it has to.</summary>
    public void SendUntilEnded(byte[] bytes)
    {
        long begun = Stopwatch.GetTimestamp();
        while (SendBytes(bytes))
        {
            if (Stopwatch.GetElapsedTime(begun) > 2 * Patience)
            {
                throw new TimeoutException("the server goes on listening");
            }
        }
    }

    /// <summary>Sends what there is room for now; false where there is none, or the server has closed.</summary>
    public bool TrySendNow(ReadOnlySpan<byte> bytes, out int count) => Socket.Send(bytes, [], wait: false, out count) == Errno.None;

    /// <summary>Sends a command and takes its reply, which must come next.</summary>
    public RawMessage Ask(MessageCommand command, ReadOnlySpan<byte> payload, params FileDescriptor[] along)
    {
        ushort id = Send(command, payload, MessageFlags.None, along);
        RawMessage reply = Receive() ?? throw new IOException($"the server closed instead of replying to {command}");
        return reply.Header.IsReply && reply.Header.Id == id && reply.Header.Command == command
            ? reply : throw new IOException($"{reply.Header.Command} {reply.Header.Id} came instead of the reply to {command} {id}");
    }

    /// <summary>Takes the next message; null where the server has closed.</summary>
    public RawMessage? Receive()
    {
        while (true)
        {
            if (end - start >= MessageHeader.Length)
            {
                MessageHeader header = MemoryMarshal.Read<MessageHeader>(received.AsSpan(start));
                if (end - start >= header.Size)
                {
                    byte[] payload = received[(start + MessageHeader.Length)..(start + (int)header.Size)];
                    start += (int)header.Size;
                    FileDescriptor[] along = header.MayCarryDescriptors ? [.. files] : [];
                    files.RemoveRange(0, along.Length);
                    return new RawMessage(header, payload, along);
                }
            }

            if (!ReceiveSome())
            {
                return null;
            }
        }
    }

    /// <summary>Receives until the server closes.</summary>
    public bool HasEnded()
    {
        start = end = 0;
        while (ReceiveSome())
        {
            start = end = 0;
        }

        return true;
    }

    /// <summary>Whether the function still answers this client, and rightly.</summary>
    public bool IsServed()
    {
        RawMessage reply = Ask(MessageCommand.RegionRead, Payloads.Read(0, SoakFunction.Identity, sizeof(uint)));
        return reply.Error == Errno.None && MemoryMarshal.Read<uint>(reply.Payload.AsSpan(16)) >> 16 == SoakFunction.IdentityPrefix;
    }

    public void Dispose()
    {
        Socket.Dispose();
        files.ForEach(file => file.Dispose());
        files.Clear();
    }

    private bool ReceiveSome()
    {
        if (start > 0)
        {
            received.AsSpan(start..end).CopyTo(received);
            end -= start;
            start = 0;
        }

        if (end == received.Length)
        {
            Array.Resize(ref received, received.Length * 2);
        }

        Errno error = Socket.Receive(received.AsSpan(end), files, wait: true, out int count);
        end += count;
        return error switch
        {
            Errno.None => count > 0,
            Errno.ECONNRESET => false,
            Errno.EAGAIN => throw new TimeoutException("the server neither answers nor closes"),
            _ => throw new IOException($"receiving failed: {error}"),
        };
    }
}
