using System.Buffers;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Transport;

/// <summary>
/// What was received: many messages, or a part of one, and the descriptors that came along. Messages are looked at where they lie. One thread at a time.
/// </summary>
/// <remarks>
/// A stream has no messages, and the kernel tells of descriptors only that they came with the last part of what a read gave. They belong to the last message
/// begun until then that can carry any: so it is whether a peer sends each message by itself, as all known ones do, in pieces, or many at once with the
/// descriptors' own in the end.
/// </remarks>
/// <param name="maxMessage">How long a message may be, in bytes.</param>
/// <param name="maxHeld">How much may be held at once, in bytes.</param>
/// <param name="maxDescriptors">How many descriptors may come with a message.</param>
internal sealed class InputBuffer(int maxMessage, int maxHeld, int maxDescriptors) : IDisposable
{
    private const int UsualLength = 64 << 10;

    private readonly List<DescriptorBatch> batches = [];
    private readonly List<FileDescriptor> claimed = [];
    private readonly List<byte[]> retired = [];
    private readonly Queue<long> taken = [];
    private byte[] buffer = [];
    private int start;
    private int end;

    // Where in the stream the first byte stands, and up to where replies were looked for.
    private long position;
    private long scanned;
    private int descriptors;
    private bool held;

    /// <summary>Whether there is a part of a message, or messages that nobody took.</summary>
    public bool IsEmpty => start == end;

    /// <summary>Whether no more may be held until messages are taken.</summary>
    public bool IsFull => end - start >= maxHeld || descriptors > 2 * maxDescriptors;

    /// <summary>What is wrong with what was received.</summary>
    public string Fault { get; private set; } = "";

    /// <summary>The descriptors that came with the message last taken. What is left of them is closed when the next is taken.</summary>
    public List<FileDescriptor> Descriptors => claimed;

    /// <summary>While set, a message is being looked at: its bytes stay where they are though more are received.</summary>
    public bool IsHeld
    {
        get => held;
        set
        {
            held = value;
            if (!value && retired.Count > 0)
            {
                retired.ForEach(array => ArrayPool<byte>.Shared.Return(array));
                retired.Clear();
            }
        }
    }

    /// <summary>Room to receive into; empty where no more may be held until messages are taken.</summary>
    public Span<byte> Room()
    {
        if (IsFull)
        {
            Fault = $"{end - start} bytes and {descriptors} descriptors wait to be worked off, where {maxHeld} and {2 * maxDescriptors} may";
            return default;
        }

        if (start == end && !IsPinned)
        {
            start = end = 0;
        }

        if (end == buffer.Length)
        {
            MakeRoom();
        }

        return buffer.AsSpan(end);
    }

    /// <summary>Takes note of what was received.</summary>
    /// <param name="count">How many bytes of the room.</param>
    /// <param name="files">What came along; the list is left to the caller, empty.</param>
    public void Add(int count, List<FileDescriptor> files)
    {
        long from = position + (end - start);
        end += count;
        if (files.Count > 0)
        {
            batches.Add(new DescriptorBatch(from, from + count, [.. files]));
            descriptors += files.Count;
            files.Clear();
        }
    }

    /// <summary>Takes the next message.</summary>
    public TakeResult TryTake(out Message message)
    {
        CloseClaimed();
        while (true)
        {
            TakeResult result = TryPeek(start, out MessageHeader header);
            message = default;
            if (result != TakeResult.Taken)
            {
                return result;
            }

            // A reply that was taken before its turn.
            bool isGone = taken.TryPeek(out long gone) && gone == position;
            if (!isGone && !TryClaim(header))
            {
                return TakeResult.None;
            }

            message = new Message(header, buffer.AsSpan(start + MessageHeader.Length, (int)header.Size - MessageHeader.Length));
            start += (int)header.Size;
            position += header.Size;
            CloseUnclaimed();
            if (isGone)
            {
                taken.Dequeue();
                continue;
            }

            if (claimed.Count > maxDescriptors)
            {
                Fault = $"{claimed.Count} descriptors came with a message, where {maxDescriptors} may";
                return TakeResult.Broken;
            }

            return TakeResult.Taken;
        }
    }

    /// <summary>Takes the next reply out of its turn, wherever it stands among commands, which wait.</summary>
    /// <remarks>Replies that descriptors come with are not for this. It is good until more is received.</remarks>
    public TakeResult TryTakeReply(out Message message)
    {
        scanned = Math.Max(scanned, position);
        TakeResult result;
        while ((result = TryPeek(start + (int)(scanned - position), out MessageHeader header)) == TakeResult.Taken)
        {
            int at = start + (int)(scanned - position);
            long place = scanned;
            scanned += header.Size;
            if (header.IsReply)
            {
                message = new Message(header, buffer.AsSpan(at + MessageHeader.Length, (int)header.Size - MessageHeader.Length));
                if (place == position)
                {
                    // Nothing waits before it: what one command has asked for may be more than may be held.
                    start += (int)header.Size;
                    position += header.Size;
                    CloseUnclaimed();
                }
                else
                {
                    taken.Enqueue(place);
                }

                return result;
            }
        }

        message = default;
        return result;
    }

    /// <summary>Gives memory back while there is nothing to keep in it.</summary>
    public void Rest()
    {
        CloseClaimed();
        if (start == end && !IsPinned && buffer.Length > 0)
        {
            ArrayPool<byte>.Shared.Return(buffer);
            buffer = [];
            start = end = 0;
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        CloseClaimed();
        batches.ForEach(batch => batch.Files.ForEach(UnixSocket.Discard));

        batches.Clear();
        start = end;
        Rest();
    }

    // Once a held message's buffer was retired, the one there is now holds nothing that has to stay.
    private bool IsPinned => held && retired.Count == 0;

    private TakeResult TryPeek(int at, out MessageHeader header)
    {
        header = default;
        if (end - at < MessageHeader.Length)
        {
            return TakeResult.None;
        }

        header = MemoryMarshal.Read<MessageHeader>(buffer.AsSpan(at));
        if (header.Size < MessageHeader.Length || header.Size > (uint)maxMessage)
        {
            Fault = $"a message says that it has {header.Size} bytes: {MessageHeader.Length} to {maxMessage} can be";
            return TakeResult.Broken;
        }

        return (uint)(end - at) < header.Size ? TakeResult.None : TakeResult.Taken;
    }

    /// <summary>Gives the message at the start what descriptors are its own; false where that cannot be told yet.</summary>
    private bool TryClaim(MessageHeader header)
    {
        if (batches.Count == 0 || !header.MayCarryDescriptors)
        {
            return true;
        }

        long until = position + header.Size;
        long next = until;
        int own = 0;
        while (own < batches.Count && batches[own].From < until)
        {
            // A message that begins behind this one, but was begun when the descriptors came, has the better claim. None found by then has any.
            while (next < batches[own].To)
            {
                TakeResult result = TryPeek(start + (int)(next - position), out MessageHeader later);
                if (result == TakeResult.Broken || (result == TakeResult.None && later.Size == 0))
                {
                    return result == TakeResult.Broken;
                }

                if (later.MayCarryDescriptors)
                {
                    return ClaimFirst(own);
                }

                next += later.Size;
            }

            own++;
        }

        return ClaimFirst(own);
    }

    private bool ClaimFirst(int count)
    {
        for (int i = 0; i < count; i++)
        {
            claimed.AddRange(batches[i].Files);
            descriptors -= batches[i].Files.Count;
        }

        batches.RemoveRange(0, count);
        return true;
    }

    // What came with bytes that are all taken, and none of their messages could carry.
    private void CloseUnclaimed()
    {
        while (batches.Count > 0 && batches[0].To <= position)
        {
            batches[0].Files.ForEach(UnixSocket.Discard);
            descriptors -= batches[0].Files.Count;
            batches.RemoveAt(0);
        }
    }

    private void CloseClaimed()
    {
        if (claimed.Count > 0)
        {
            claimed.ForEach(UnixSocket.Discard);
            claimed.Clear();
        }
    }

    private void MakeRoom()
    {
        int used = end - start;
        if (start > 0 && !IsPinned && used < buffer.Length / 2)
        {
            buffer.AsSpan(start, used).CopyTo(buffer);
            start = 0;
            end = used;
            return;
        }

        // By doubling: what a header promises may never come.
        byte[] larger = ArrayPool<byte>.Shared.Rent(Math.Max(UsualLength, used * 2));
        buffer.AsSpan(start, used).CopyTo(larger);
        if (buffer.Length > 0)
        {
            if (IsPinned)
            {
                retired.Add(buffer);
            }
            else
            {
                ArrayPool<byte>.Shared.Return(buffer);
            }
        }

        buffer = larger;
        start = 0;
        end = used;
    }
}
