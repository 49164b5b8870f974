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

    /// <summary>Carries out a command of the server's and replies; false where it is none that there is.</summary>
    public bool TryServe(in Message message, MessageStream stream)
    {
        MessageHeader header = message.Header;
        if (!header.IsCommand || header.Command is not (MessageCommand.DmaRead or MessageCommand.DmaWrite))
        {
            return false;
        }

        bool isRead = header.Command == MessageCommand.DmaRead;
        bool isValid = MemoryMarshal.TryRead(message.Payload, out MemoryAccess access) && access.Count <= (ulong)limits.MaxDataTransfer
            && (ulong)(message.Payload.Length - AccessLength) == (isRead ? 0 : access.Count);
        int length = MessageHeader.Length + AccessLength + (isValid && isRead ? (int)access.Count : 0);
        byte[] reply = ArrayPool<byte>.Shared.Rent(length);
        bool isDone = isValid && (isRead
            ? regions.TryRead(access.Address, reply.AsSpan(MessageHeader.Length + AccessLength, (int)access.Count))
            : regions.TryWrite(access.Address, message.Payload[AccessLength..]));
        Errno error = isDone ? Errno.None : isValid ? Errno.EFAULT : Errno.EINVAL;
        length = error == Errno.None ? length : MessageHeader.Length;
        header.Flags = MessageFlags.Reply | (error == Errno.None ? 0 : MessageFlags.Error);
        header.Error = (uint)error;
        header.Size = (uint)length;
        MemoryMarshal.Write(reply, in header);
        if (error == Errno.None)
        {
            MemoryMarshal.Write(reply.AsSpan(MessageHeader.Length), in access);
        }

        if (message.Header.WantsReply)
        {
            stream.Send(reply.AsSpan(0, length), default);
        }

        ArrayPool<byte>.Shared.Return(reply);
        return true;
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
            while (twin is { } stream && ReceiveFrom(stream))
            {
            }
        }
    }

    private bool ReceiveFrom(MessageStream stream)
    {
        TransferResult result = stream.Receive(wait: false);
        while (true)
        {
            switch (stream.TryTake(out Message message))
            {
                case TakeResult.Taken when TryServe(in message, stream):
                    break;
                case TakeResult.Taken or TakeResult.Broken:
                    fail!("it sent something else than commands for memory where only those may come");
                    return false;
                default:
                    return result == TransferResult.Done;
            }
        }
    }
}
