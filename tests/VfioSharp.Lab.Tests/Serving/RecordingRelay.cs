using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;
using VfioSharp.Tests.Transcripts;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.Lab.Tests.Serving;

/// <summary>Stands between a client and a server, passes every message on with its descriptors, and writes down what it saw.</summary>
internal sealed class RecordingRelay : IAsyncDisposable
{
    private const uint OwnerOnly = 0x180; // 0600

    private readonly UnixSocket listener;
    private readonly string server;
    private readonly List<TranscriptMessage> messages = [];
    private readonly Task relaying;

    /// <param name="path">Where the client connects.</param>
    /// <param name="server">Where the server listens.</param>
    public RecordingRelay(string path, string server)
    {
        this.server = server;
        listener = UnixSocket.Listen(path, OwnerOnly, 1, out Errno error) ?? throw new IOException($"{path}: {error}");
        relaying = Task.Factory.StartNew(Relay, CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
    }

    /// <summary>What was said by the one client; complete when that has left.</summary>
    public IReadOnlyList<TranscriptMessage> Messages
    {
        get
        {
            lock (messages)
                return [.. messages];
        }
    }

    public async ValueTask DisposeAsync()
    {
        listener.Shutdown();
        await relaying;
        listener.Dispose();
    }

    private void Relay()
    {
        if (!listener.File.IsReady(PollFlags.POLLIN, -1) || listener.Accept(out _) is not { } client)
            return;
        using (client)
        using (UnixSocket toServer = UnixSocket.Connect(server, out Errno error) ?? throw new IOException($"{server}: {error}"))
        {
            Task back = Task.Factory.StartNew(() => Pass(toServer, client, isFromClient: false), CancellationToken.None, TaskCreationOptions.LongRunning, TaskScheduler.Default);
            Pass(client, toServer, isFromClient: true);
            back.Wait();
        }
    }

    private void Pass(UnixSocket from, UnixSocket to, bool isFromClient)
    {
        List<FileDescriptor> descriptors = [];
        byte[] header = new byte[MessageHeader.Length];
        while (Fill(from, header, descriptors))
        {
            var head = MemoryMarshal.Read<MessageHeader>(header);
            byte[] message = [.. header, .. new byte[head.Size - MessageHeader.Length]];
            Span<byte> payload = message.AsSpan(MessageHeader.Length);
            if (!Fill(from, payload, descriptors))
                break;
            lock (messages)
                messages.Add(new(isFromClient, head.Id, (ushort)head.Command, (uint)head.Flags, payload.ToArray(), descriptors.Count, head.Error));
            if (!Send(to, message, descriptors))
                break;
        }

        from.Shutdown();
        to.Shutdown();
    }

    private static bool Fill(UnixSocket socket, Span<byte> room, List<FileDescriptor> descriptors)
    {
        while (!room.IsEmpty)
        {
            if (socket.Receive(room, descriptors, wait: true, out int count) != Errno.None || count == 0)
                return false;
            room = room[count..];
        }

        return true;
    }

    private static bool Send(UnixSocket socket, ReadOnlySpan<byte> message, List<FileDescriptor> descriptors)
    {
        while (!message.IsEmpty && socket.Send(message, CollectionsMarshal.AsSpan(descriptors), wait: true, out int count) == Errno.None)
        {
            message = message[count..];
            descriptors.ForEach(file => file.Dispose());
            descriptors.Clear();
        }

        return message.IsEmpty;
    }
}
