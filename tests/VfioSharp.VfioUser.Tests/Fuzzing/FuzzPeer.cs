using System.Buffers;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Fuzzing;

/// <summary>
/// A client that says any bytes, and takes what comes back meanwhile, so that neither side waits for the other's reading. What comes has to be messages,
/// whatever was said. What the server asks is answered rightly, or not at all.
/// </summary>
/// <param name="socket">The connection, owned from now on.</param>
/// <param name="doesAnswer">Whether to answer what the server asks.</param>
internal sealed class FuzzPeer(UnixSocket socket, Func<bool> doesAnswer) : IDisposable
{
    private const int PatienceMilliseconds = 20_000;
    private const int LongestMessage = (2 << 20) + 4096;

    private readonly List<FileDescriptor> files = [];
    private readonly Queue<byte[]> answers = [];
    private readonly byte[] room = ArrayPool<byte>.Shared.Rent(256 << 10);
    private byte[] received = new byte[4096];
    private int length;

    /// <summary>The headers of the replies by now, in their order.</summary>
    public List<MessageHeader> Replies { get; } = [];

    /// <summary>Whether the server has closed.</summary>
    public bool HasEnded { get; private set; }

    public static FuzzPeer Connect(string path, Func<bool> doesAnswer)
    {
        while (true)
        {
            if (UnixSocket.Connect(path, out Errno error) is { } socket)
            {
                return new FuzzPeer(socket, doesAnswer);
            }

            error.ShouldBe(Errno.EAGAIN);
            Thread.Yield();
        }
    }

    /// <summary>Says so; descriptors go along with the first byte. What the server has no more ears for is lost.</summary>
    public void Say(ReadOnlySpan<byte> bytes, params FileDescriptor[] along)
    {
        while (!bytes.IsEmpty && !HasEnded)
        {
            Errno error = socket.Send(bytes, along, wait: false, out int count);
            if (error is Errno.EPIPE or Errno.ECONNRESET)
            {
                HasEnded = true;
                return;
            }

            error.ShouldBeOneOf(Errno.None, Errno.EAGAIN);
            bytes = bytes[count..];
            along = count > 0 ? [] : along;
            Take(bytes.IsEmpty ? 0 : PatienceMilliseconds, PollFlags.POLLOUT);
        }
    }

    /// <summary>Waits for that many replies, unless the server closes.</summary>
    public void Await(int replies)
    {
        while (Replies.Count < replies && !HasEnded)
        {
            Take(PatienceMilliseconds, 0);
        }
    }

    /// <summary>Says that nothing more comes, and takes what does until the server closes, as it then must.</summary>
    public void Finish()
    {
        const int Writing = 1; // SHUT_WR
        Libc.shutdown(socket.File, Writing);
        while (!HasEnded)
        {
            Take(PatienceMilliseconds, 0);
        }
    }

    public void Dispose()
    {
        socket.Dispose();
        CloseFiles();
        ArrayPool<byte>.Shared.Return(room);
    }

    // Takes what is there; waits for something, or for what else is asked for.
    private void Take(int milliseconds, short orElse)
    {
        short ready = socket.File.GetReady((short)(PollFlags.POLLIN | orElse), milliseconds);
        if (milliseconds > 0)
        {
            ready.ShouldNotBe((short)0, "the server does nothing any more");
        }

        Errno error;
        while ((error = socket.Receive(room, files, wait: false, out int count)) == Errno.None && count > 0)
        {
            Add(room.AsSpan(0, count));
        }

        HasEnded |= error != Errno.EAGAIN;
        CloseFiles();
        while (!HasEnded && answers.TryDequeue(out byte[]? answer))
        {
            Say(answer);
        }
    }

    private void Add(ReadOnlySpan<byte> bytes)
    {
        if (length + bytes.Length > received.Length)
        {
            Array.Resize(ref received, (length + bytes.Length) * 2);
        }

        bytes.CopyTo(received.AsSpan(length));
        length += bytes.Length;
        int start = 0;
        while (length - start >= MessageHeader.Length)
        {
            MessageHeader header = MemoryMarshal.Read<MessageHeader>(received.AsSpan(start));
            header.Size.ShouldBeInRange((uint)MessageHeader.Length, (uint)LongestMessage);
            if (length - start < header.Size)
            {
                break;
            }

            Note(header, received.AsSpan(start + MessageHeader.Length, (int)header.Size - MessageHeader.Length));
            start += (int)header.Size;
        }

        received.AsSpan(start..length).CopyTo(received);
        length -= start;
    }

    private void Note(MessageHeader header, ReadOnlySpan<byte> payload)
    {
        if (header.IsReply)
        {
            header.IsError.ShouldBe(header.Error != 0);
            if (header.IsError && header.Command != MessageCommand.DeviceGetRegionInfo)
            {
                payload.Length.ShouldBe(0);
            }

            Replies.Add(header);
            return;
        }

        header.Command.ShouldBeOneOf(MessageCommand.DmaRead, MessageCommand.DmaWrite);
        if (doesAnswer())
        {
            MemoryAccess access = MemoryMarshal.Read<MemoryAccess>(payload);
            byte[] data = header.Command == MessageCommand.DmaRead ? new byte[access.Count] : [];
            var reply = new MessageHeader { Id = header.Id, Command = header.Command, Flags = MessageFlags.Reply, Size = (uint)(MessageHeader.Length + Marshal.SizeOf<MemoryAccess>() + data.Length) };
            answers.Enqueue([.. MemoryMarshal.AsBytes([reply]), .. MemoryMarshal.AsBytes([access]), .. data]);
        }
    }

    private void CloseFiles()
    {
        files.ForEach(file => file.Dispose());
        files.Clear();
    }
}
