using System.Buffers;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>
/// Memory of this process that the server reaches by messages, for there is no file behind it: answers <c>DMA_READ</c> and <c>DMA_WRITE</c>, within what the
/// function was shown.
/// </summary>
/// <param name="limits">How much at once.</param>
internal sealed class ClientMemoryServer(VfioUserLimits limits) : IEventSink, IDisposable
{
    private const int CommandsATurn = 64;

    private static readonly int AccessLength = (int)NativeSize.Of<MemoryAccess>();

    private readonly RegionTable regions = new();
    private readonly Lock gate = new();
    private MessageStream? twin;
    private EventLoop? events;
    private Action<string>? fail;

    /// <summary>Whether the server has a socket for its own commands.</summary>
    public bool HasTwin => twin is not null;

    /// <summary>Takes over the socket for the server's own commands.</summary>
    /// <param name="socket">The socket.</param>
    /// <param name="loop">What watches it.</param>
    /// <param name="trace">Is shown its messages.</param>
    /// <param name="lose">Ends the whole connection.</param>
    public void Listen(UnixSocket socket, EventLoop loop, IMessageTrace? trace, Action<string> lose)
    {
        twin = new MessageStream(socket, limits) { Trace = trace };
        twin.SetTimeouts(limits.SendTime, TimeSpan.Zero);
        events = loop;
        fail = lose;
        loop.Add(twin.File, EpollFlags.EPOLLIN, this);
    }

    /// <summary>Shows memory.</summary>
    public bool TryAdd(in DmaRegion region) => regions.TryAdd(new AddressRegion(region.Iova, region.Address, region.Length, region.Access));

    /// <summary>Takes memory away; once this returns nobody reaches it. False where it was not there.</summary>
    public bool Remove(in DmaRegion region)
    {
        List<MemoryRegion> removed = regions.Remove(region.Iova, region.Iova + (region.Length - 1));
        removed.ForEach(piece => piece.CloseAsync().GetAwaiter().GetResult()); // a message's time at most
        return removed.Count > 0;
    }

    /// <summary>Carries out a command of the server's and replies, waiting for room.</summary>
    /// <returns>What is wrong with the server; null where nothing is.</returns>
    public string? Serve(in Message message, MessageStream stream)
    {
        if (CarryOut(in message, out MessageHeader header, out byte[] reply, out int length) is { } fault)
        {
            return fault;
        }

        header.Size = (uint)(MessageHeader.Length + length);
        MemoryMarshal.Write(reply, in header);
        TransferResult result = message.Header.WantsReply ? stream.Send(reply.AsSpan(0, (int)header.Size), default) : TransferResult.Done;
        ArrayPool<byte>.Shared.Return(reply);
        return result == TransferResult.Done ? null : "it does not take what it is sent";
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            if (twin is { } stream)
            {
                twin = null;
                events!.Remove(stream.File);
                stream.Dispose();
            }
        }
    }

    /// <inheritdoc/>
    void IEventSink.OnSignalled()
    {
        lock (gate)
        {
            if (twin is { } stream && ServeTurn(stream) is { } fault)
            {
                fail!(fault);
            }
        }
    }

    // The loop is also others': no turn waits for the server or goes on for as long as it sends. The next comes once there is room, or more to do.
    private string? ServeTurn(MessageStream stream)
    {
        for (int left = CommandsATurn; ; left--)
        {
            switch (stream.Flush(wait: false))
            {
                case TransferResult.Done when left > 0:
                    break;
                case TransferResult.Done or TransferResult.WouldBlock:
                    events!.Modify(stream.File, EpollFlags.EPOLLOUT);
                    return null;
                default:
                    return "it does not take what it is sent";
            }

            TakeResult taken = stream.TryTake(out Message message);
            while (taken == TakeResult.None)
            {
                switch (stream.Receive(wait: false))
                {
                    case TransferResult.Done:
                        taken = stream.TryTake(out message);
                        break;
                    case TransferResult.WouldBlock:
                        stream.Rest();
                        events!.Modify(stream.File, EpollFlags.EPOLLIN);
                        return null;
                    case TransferResult.Closed:
                        return "it closed the socket of its commands";
                    default:
                        return stream.Fault;
                }
            }

            if (taken == TakeResult.Broken)
            {
                return stream.Fault;
            }

            if (CarryOut(in message, out MessageHeader header, out byte[] reply, out int length) is { } fault)
            {
                return fault;
            }

            if (message.Header.WantsReply)
            {
                reply.AsSpan(MessageHeader.Length, length).CopyTo(stream.Reserve(length));
                stream.Commit(header, length, []);
            }

            ArrayPool<byte>.Shared.Return(reply);
        }
    }

    /// <summary>Carries out a command.</summary>
    /// <param name="message">The command.</param>
    /// <param name="header">The reply's header, but for its size.</param>
    /// <param name="reply">Rented: room for the header, and what follows it.</param>
    /// <param name="length">How much follows it.</param>
    /// <returns>What is wrong with the server; null where nothing is.</returns>
    private string? CarryOut(in Message message, out MessageHeader header, out byte[] reply, out int length)
    {
        header = message.Header;
        reply = [];
        length = 0;
        if (!header.IsCommand || header.Command is not (MessageCommand.DmaRead or MessageCommand.DmaWrite))
        {
            return "it sent a command that a client does not take";
        }

        bool isRead = header.Command == MessageCommand.DmaRead;
        bool isValid = MemoryMarshal.TryRead(message.Payload, out MemoryAccess access) && access.Count <= (ulong)limits.MaxDataTransfer
            && (ulong)(message.Payload.Length - AccessLength) == (isRead ? 0 : access.Count);
        int data = isValid && isRead ? (int)access.Count : 0;
        reply = ArrayPool<byte>.Shared.Rent(MessageHeader.Length + AccessLength + data);
        bool isDone = isValid && (isRead
            ? regions.TryRead(access.Address, reply.AsSpan(MessageHeader.Length + AccessLength, data))
            : regions.TryWrite(access.Address, message.Payload[AccessLength..]));
        Errno error = isDone ? Errno.None : isValid ? Errno.EFAULT : Errno.EINVAL;
        header.Flags = MessageFlags.Reply | (isDone ? 0 : MessageFlags.Error);
        header.Error = (uint)error;
        if (isDone)
        {
            MemoryMarshal.Write(reply.AsSpan(MessageHeader.Length), in access);
            length = AccessLength + data;
        }

        return null;
    }
}
