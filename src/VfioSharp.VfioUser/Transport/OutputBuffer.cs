using System.Buffers;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Transport;

/// <summary>
/// What is to be sent: many messages, sent at once. A message that descriptors go with is sent by itself, for a peer that reads a header first gets with it
/// the descriptors of whatever is sent together.
/// </summary>
/// <remarks>Messages are written by one thread; sending is guarded by whoever sends.</remarks>
internal sealed class OutputBuffer : IDisposable
{
    private const int UsualLength = 64 << 10;

    // As much as the kernel takes wholly or not at all (UNIX_SKB_FRAGS_SZ, net/unix/af_unix.c): QEMU cannot bear a header in two pieces.
    private const int PieceLength = 32 << 10;

    private readonly List<(int From, int To, FileDescriptor[] Files)> marks = [];
    private byte[] buffer = [];
    private int start;
    private int end;
    private int left; // of a message that was sent in part
    private bool isReserved;

    /// <summary>How many bytes are to be sent.</summary>
    public int Length => end - start;

    /// <summary>Room for what follows the header of the next message. It stays where it is, whatever is sent meanwhile, until that is committed or released.</summary>
    public Span<byte> Reserve(int payload)
    {
        isReserved = true;
        int needed = MessageHeader.Length + payload;
        if (buffer.Length - end < needed)
        {
            byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(UsualLength, end + needed));
            buffer.AsSpan(0, end).CopyTo(larger);
            if (buffer.Length > 0)
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }

            buffer = larger;
        }

        return buffer.AsSpan(end + MessageHeader.Length, payload);
    }

    /// <summary>Adds a message whose payload stands in the room that was reserved.</summary>
    /// <param name="header">Its header, to which the size is added.</param>
    /// <param name="payload">How many bytes of the room.</param>
    /// <param name="files">What goes with it; stays the caller's, who keeps it open until it was sent.</param>
    /// <returns>The payload.</returns>
    public ReadOnlySpan<byte> Commit(MessageHeader header, int payload, FileDescriptor[] files)
    {
        header.Size = (uint)(MessageHeader.Length + payload);
        Reserve(payload);
        MemoryMarshal.Write(buffer.AsSpan(end), in header);
        int from = end;
        end += (int)header.Size;
        isReserved = false;
        if (files.Length > 0)
        {
            marks.Add((from, end, files));
        }

        return buffer.AsSpan(from + MessageHeader.Length, payload);
    }

    /// <summary>Nothing is to be sent of what was reserved.</summary>
    public void Release()
    {
        isReserved = false;
        Rewind();
    }

    /// <summary>The next piece to send at once, and what goes with it.</summary>
    public ReadOnlySpan<byte> Next(out ReadOnlySpan<FileDescriptor> files)
    {
        files = default;
        int until = end;
        if (marks.Count > 0 && left == 0)
        {
            (int from, int to, FileDescriptor[] own) = marks[0];
            until = from == start ? to : from;
            files = from == start ? own : default;
        }

        return buffer.AsSpan(start, left > 0 ? left : until - start <= PieceLength ? until - start : FirstMessages(until));
    }

    /// <summary>Takes note of what was sent of the last piece.</summary>
    public void Sent(int count)
    {
        // Descriptors go with the first byte; the rest of their message is sent as any other bytes.
        if (count > 0 && marks.Count > 0 && marks[0].From == start && left == 0)
        {
            marks.RemoveAt(0);
        }

        if (count == end - start)
        {
            start = end;
            left = 0;
        }

        for (int rest = count; start < end && rest > 0;)
        {
            int length = left > 0 ? left : MessageAt(start);
            int step = Math.Min(length, rest);
            start += step;
            rest -= step;
            left = length - step;
        }

        Rewind();
    }

    /// <summary>Gives memory back while there is nothing to keep in it.</summary>
    public void Rest()
    {
        if (start == end && buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        marks.Clear();
        start = end = left = 0;
        Rest();
    }

    // As many as a piece holds, or one that is longer.
    private int FirstMessages(int until)
    {
        int length = MessageAt(start);
        while (start + length < until && length + MessageAt(start + length) <= PieceLength)
        {
            length += MessageAt(start + length);
        }

        return length;
    }

    private int MessageAt(int at) => (int)MemoryMarshal.Read<MessageHeader>(buffer.AsSpan(at)).Size;

    private void Rewind()
    {
        if (start == end && !isReserved)
        {
            start = end = 0;
        }
    }
}
