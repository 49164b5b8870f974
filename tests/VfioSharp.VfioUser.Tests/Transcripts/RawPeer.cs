using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Transcripts;

/// <summary>A client that says what it is told to, whatever that is.</summary>
internal sealed class RawPeer : IDisposable
{
    private static readonly TimeSpan Patience = TimeSpan.FromSeconds(30);

    private readonly UnixSocket socket;

    public RawPeer(string path)
    {
        socket = UnixSocket.Connect(path, out Errno error) ?? throw new IOException($"{path}: {error}");
        socket.SetReceiveTimeout(Patience);
    }

    public void Send(TranscriptMessage message, params ReadOnlySpan<FileDescriptor> descriptors)
    {
        byte[] bytes = new byte[MessageHeader.Length + message.Payload.Length];
        MemoryMarshal.Write(bytes, new MessageHeader
        {
            Id = message.Id,
            Command = (MessageCommand)message.Command,
            Size = (uint)bytes.Length,
            Flags = (MessageFlags)message.Flags,
            Error = message.Error,
        });
        message.Payload.CopyTo(bytes, MessageHeader.Length);
        socket.Send(bytes, descriptors, wait: true, out int count).ShouldBe(Errno.None);
        count.ShouldBe(bytes.Length);
    }

    /// <summary>The server's next message; what came along is closed.</summary>
    public TranscriptMessage Receive()
    {
        List<FileDescriptor> descriptors = [];
        byte[] bytes = new byte[MessageHeader.Length];
        Fill(bytes, descriptors);
        var header = MemoryMarshal.Read<MessageHeader>(bytes);
        byte[] payload = new byte[header.Size - MessageHeader.Length];
        Fill(payload, descriptors);
        descriptors.ForEach(file => file.Dispose());
        return new(false, header.Id, (ushort)header.Command, (uint)header.Flags, payload, descriptors.Count, header.Error);
    }

    public void Dispose() => socket.Dispose();

    private void Fill(Span<byte> room, List<FileDescriptor> descriptors)
    {
        while (!room.IsEmpty)
        {
            socket.Receive(room, descriptors, wait: true, out int count).ShouldBe(Errno.None);
            count.ShouldBePositive("the server has closed");
            room = room[count..];
        }
    }
}
