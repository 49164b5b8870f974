using System.Buffers;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>
/// Memory of a client's, by <c>DMA_READ</c> and <c>DMA_WRITE</c>. Whoever asks waits: on the socket for the server's own commands where there is one, else
/// until the reply comes among the client's commands.
/// </summary>
/// <param name="maxData">How many bytes may go with one message.</param>
/// <param name="limits">How long to wait.</param>
/// <param name="counters">Where messages are counted.</param>
/// <param name="transport">Sends a command and waits for its reply.</param>
internal sealed class ClientMemory(int maxData, VfioUserLimits limits, ServerCounters counters, ICallTransport transport) : IClientMemory
{
    private static readonly int AccessLength = (int)NativeSize.Of<MemoryAccess>();

    private int lastId;

    /// <inheritdoc/>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            Span<byte> piece = destination[..Math.Min(destination.Length, maxData)];
            using var call = new PendingCall();
            if (!Call(MessageCommand.DmaRead, new MemoryAccess { Address = address, Count = (ulong)piece.Length }, [], call))
            {
                return false;
            }

            var reader = new MessageReader(call.Payload.Span);
            if (!reader.TryRead(out MemoryAccess access) || access.Address != address || access.Count != (ulong)piece.Length || reader.Rest.Length != piece.Length)
            {
                transport.Fail("it answered a read of its memory with something else");
                return false;
            }

            reader.Rest.CopyTo(piece);
            destination = destination[piece.Length..];
            address += (ulong)piece.Length;
        }

        return true;
    }

    /// <inheritdoc/>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source)
    {
        while (source.Length > 0)
        {
            ReadOnlySpan<byte> piece = source[..Math.Min(source.Length, maxData)];
            using var call = new PendingCall();
            if (!Call(MessageCommand.DmaWrite, new MemoryAccess { Address = address, Count = (ulong)piece.Length }, piece, call))
            {
                return false;
            }

            // Implementations disagree about what this reply holds, from nothing to what the specification says.
            if (MemoryMarshal.TryRead(call.Payload.Span, out ulong written) && written != address)
            {
                transport.Fail("it answered a write to its memory with something else");
                return false;
            }

            source = source[piece.Length..];
            address += (ulong)piece.Length;
        }

        return true;
    }

    private bool Call(MessageCommand command, MemoryAccess access, ReadOnlySpan<byte> data, PendingCall call)
    {
        counters.CountMemoryMessage();
        int length = MessageHeader.Length + AccessLength + data.Length;
        byte[] message = ArrayPool<byte>.Shared.Rent(length);
        try
        {
            ushort id = (ushort)Interlocked.Increment(ref lastId);
            var writer = new MessageWriter(message);
            writer.Write(new MessageHeader { Id = id, Command = command, Size = (uint)length });
            writer.Write(in access);
            writer.Write(data);
            return transport.Call(id, message.AsSpan(0, length), call, limits.ReplyTime) && call.Error == Errno.None;
        }
        finally
        {
            ArrayPool<byte>.Shared.Return(message);
        }
    }
}
