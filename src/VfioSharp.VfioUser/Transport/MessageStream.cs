using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Transport;

/// <summary>A connection as messages. Receiving and taking are one thread's at a time, writing too; sending is guarded.</summary>
/// <remarks>A burst of messages costs a call to receive and a call to send, however many there are.</remarks>
internal sealed class MessageStream : IDisposable
{
    private readonly UnixSocket socket;
    private readonly InputBuffer input;
    private readonly OutputBuffer output = new();
    private readonly List<FileDescriptor> arriving = [];
    private readonly Lock sending = new();
    private bool isBlocked;
    private long receives;
    private long sends;

    /// <param name="socket">The connection, owned from now on.</param>
    /// <param name="limits">What the peer may make this process hold.</param>
    public MessageStream(UnixSocket socket, VfioUserLimits limits)
    {
        this.socket = socket;
        input = new InputBuffer(limits.MaxMessageLength, Math.Max(limits.MaxMessageLength, limits.MaxQueuedBytes), limits.MaxMessageDescriptors);
    }

    /// <summary>Is shown all messages.</summary>
    public IMessageTrace? Trace { get; set; }

    /// <summary>The descriptor, to be waited for.</summary>
    public FileDescriptor File => socket.File;

    /// <summary>What is wrong, where something is.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>Whether the last receive took all that was there: more is told by another event.</summary>
    public bool IsDrained { get; private set; }

    /// <summary>Whether something was received that was not taken: a part of a message, as a rule.</summary>
    public bool HasInput => !input.IsEmpty;

    /// <summary>Whether no more is received until messages are taken.</summary>
    public bool IsFull => input.IsFull;

    /// <summary>How many bytes wait to be sent.</summary>
    public int OutputLength => output.Length;

    /// <summary>The descriptors of the message last taken: who wants one removes it from the list, what is left is closed.</summary>
    public List<FileDescriptor> Descriptors => input.Descriptors;

    /// <summary>How often the kernel was asked for bytes.</summary>
    public long Receives => Volatile.Read(ref receives);

    /// <summary>How often the kernel was given bytes.</summary>
    public long Sends => Volatile.Read(ref sends);

    /// <summary>While set, the message last taken stays where it is though more are received.</summary>
    public bool IsHeld
    {
        get => input.IsHeld;
        set => input.IsHeld = value;
    }

    /// <summary>Receives what is there.</summary>
    /// <param name="wait">Whether to wait for something.</param>
    public TransferResult Receive(bool wait)
    {
        Span<byte> room = input.Room();
        if (room.IsEmpty)
        {
            Fault = input.Fault;
            return TransferResult.Failed;
        }

        Errno error = socket.Receive(room, arriving, wait, out int count);
        receives++;
        IsDrained = error == Errno.EAGAIN || (count < room.Length && arriving.Count == 0);
        switch (error)
        {
            case Errno.None when count > 0:
                input.Add(count, arriving);
                return TransferResult.Done;
            case Errno.None or Errno.ECONNRESET:
                return TransferResult.Closed;
            case Errno.EAGAIN:
                return TransferResult.WouldBlock;
            case Errno.EMFILE:
                arriving.ForEach(UnixSocket.Discard);
                arriving.Clear();
                Fault = "it sent descriptors, and this process has no descriptor left for them: raise its limit on open files (ulimit -n)";
                return TransferResult.Failed;
            default:
                Fault = $"receiving failed ({error})";
                return TransferResult.Failed;
        }
    }

    /// <summary>Takes the next message.</summary>
    public TakeResult TryTake(out Message message) => Show(input.TryTake(out message), in message, input.Descriptors.Count);

    /// <summary>Takes the next reply out of its turn.</summary>
    public TakeResult TryTakeReply(out Message message) => Show(input.TryTakeReply(out message), in message, 0);

    /// <summary>Room for what follows the header of the next message to be sent.</summary>
    public Span<byte> Reserve(int payload) => output.Reserve(payload);

    /// <summary>Adds a message to what is to be sent; its payload stands in the room that was reserved.</summary>
    public void Commit(MessageHeader header, int payload, FileDescriptor[] files)
    {
        ReadOnlySpan<byte> bytes = output.Commit(header, payload, files);
        Trace?.Show(false, header, bytes, files.Length);
    }

    /// <summary>Nothing is to be sent of what was reserved.</summary>
    public void Release() => output.Release();

    /// <summary>Sends what is to be sent.</summary>
    /// <param name="wait">Whether to wait for room.</param>
    /// <returns>WouldBlock where something is left.</returns>
    public TransferResult Flush(bool wait)
    {
        if (output.Length == 0)
        {
            return TransferResult.Done;
        }

        lock (sending)
        {
            return FlushCore(wait);
        }
    }

    /// <summary>Sends a whole message now, ahead of what is to be sent, waiting for room. Any thread.</summary>
    /// <returns>WouldBlock where the time to wait is over: the connection is of no more use.</returns>
    public TransferResult Send(ReadOnlySpan<byte> message, ReadOnlySpan<FileDescriptor> files)
    {
        Trace?.Show(false, MemoryMarshal.Read<MessageHeader>(message), message[MessageHeader.Length..], files.Length);
        lock (sending)
        {
            // A message that went out in part comes first.
            TransferResult result = isBlocked ? FlushCore(wait: true) : TransferResult.Done;
            while (result == TransferResult.Done && !message.IsEmpty)
            {
                result = SendSome(message, files, wait: true, out int count);
                message = message[count..];
                files = count > 0 ? default : files;
            }

            return result;
        }
    }

    /// <summary>Why not all was sent; null where it was, or the peer has closed.</summary>
    public string? Explain(TransferResult result) => result switch
    {
        TransferResult.WouldBlock => "it does not take what it is sent",
        TransferResult.Failed => Fault,
        _ => null,
    };

    /// <summary>Ends the connection: whoever waits in it comes back.</summary>
    public void Shutdown() => socket.Shutdown();

    /// <summary>How long to wait for room, and for bytes where that is asked for; zero for ever.</summary>
    public void SetTimeouts(TimeSpan send, TimeSpan receive)
    {
        socket.SetSendTimeout(send);
        socket.SetReceiveTimeout(receive);
    }

    /// <summary>Waits until there are bytes to receive, or the peer has closed.</summary>
    /// <returns>False where the time is over.</returns>
    public bool WaitForInput(TimeSpan time) => socket.File.IsReady(PollFlags.POLLIN, (int)time.TotalMilliseconds);

    /// <summary>Gives memory back while there is nothing to keep in it.</summary>
    public void Rest()
    {
        input.Rest();
        if (!isBlocked)
        {
            output.Rest();
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        socket.Dispose();
        lock (sending)
        {
            isBlocked = false;
            output.Dispose();
        }

        input.Dispose();
    }

    private TakeResult Show(TakeResult result, in Message message, int descriptors)
    {
        if (result == TakeResult.Taken)
        {
            Trace?.Show(true, message.Header, message.Payload, descriptors);
        }
        else if (result == TakeResult.Broken)
        {
            Fault = input.Fault;
        }

        return result;
    }

    private TransferResult FlushCore(bool wait)
    {
        TransferResult result = TransferResult.Done;
        while (result == TransferResult.Done && output.Length > 0)
        {
            ReadOnlySpan<byte> piece = output.Next(out ReadOnlySpan<FileDescriptor> files);
            result = SendSome(piece, files, wait, out int count);
            output.Sent(count);
        }

        isBlocked = result == TransferResult.WouldBlock;
        return result;
    }

    private TransferResult SendSome(ReadOnlySpan<byte> data, ReadOnlySpan<FileDescriptor> files, bool wait, out int count)
    {
        Errno error;
        try
        {
            error = socket.Send(data, files, wait, out count);
        }
        catch (ObjectDisposedException)
        {
            count = 0;
            return TransferResult.Closed;
        }

        sends++;
        switch (error)
        {
            case Errno.None:
                return TransferResult.Done;
            case Errno.EAGAIN:
                return TransferResult.WouldBlock;
            case Errno.EPIPE or Errno.ECONNRESET:
                return TransferResult.Closed;
            default:
                Fault = $"sending failed ({error})";
                return TransferResult.Failed;
        }
    }
}
