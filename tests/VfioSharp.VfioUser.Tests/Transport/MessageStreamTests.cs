using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Transport;

/// <summary>A stream of messages on a real socket, with a peer in bytes at the other end.</summary>
public sealed class MessageStreamTests : IDisposable
{
    private readonly MessageStream stream;
    private readonly RawPeer peer;

    public MessageStreamTests()
    {
        UnixSocket.CreatePair(out UnixSocket? ours, out UnixSocket? theirs).ShouldBe(Errno.None);
        stream = new MessageStream(ours!, VfioUserLimits.Default);
        peer = new RawPeer(theirs!);
    }

    public void Dispose()
    {
        stream.Dispose();
        peer.Dispose();
    }

    [Fact]
    public void A_burst_is_one_receive_and_one_send()
    {
        peer.Send([.. Enumerable.Range(0, 100).SelectMany(id => RawPeer.Message((ushort)id, Commands.RegionRead, new byte[16]))]);
        stream.Receive(wait: true).ShouldBe(TransferResult.Done);
        stream.IsDrained.ShouldBeTrue();
        for (ushort id = 0; id < 100; id++)
        {
            stream.TryTake(out Message message).ShouldBe(TakeResult.Taken);
            message.Header.Id.ShouldBe(id);
            Add(id, [1, 2, 3]);
        }

        stream.TryTake(out _).ShouldBe(TakeResult.None);
        (stream.HasInput, stream.OutputLength).ShouldBe((false, 1900));
        stream.Flush(wait: false).ShouldBe(TransferResult.Done);
        for (ushort id = 0; id < 100; id++)
        {
            peer.Receive().Bytes.ShouldBe(RawPeer.Message(id, Commands.RegionRead, [1, 2, 3], RawPeer.Reply));
        }

        (stream.Receives, stream.Sends).ShouldBe((1, 1));
        stream.Flush(wait: false).ShouldBe(TransferResult.Done);
        stream.Sends.ShouldBe(1, "nothing to send is not sent");
    }

    [Fact]
    public void Nothing_there_is_told_apart_from_the_end()
    {
        stream.Receive(wait: false).ShouldBe(TransferResult.WouldBlock);
        stream.IsDrained.ShouldBeTrue();
        stream.WaitForInput(TimeSpan.Zero).ShouldBeFalse();
        stream.SetTimeouts(TimeSpan.Zero, TimeSpan.FromMilliseconds(5));
        stream.Receive(wait: true).ShouldBe(TransferResult.WouldBlock);
        peer.Dispose();
        stream.WaitForInput(TimeSpan.Zero).ShouldBeTrue();
        stream.Receive(wait: false).ShouldBe(TransferResult.Closed);
        stream.Send(RawPeer.Message(1, Commands.DmaRead, []), []).ShouldBe(TransferResult.Closed);
        Add(1, []);
        stream.Flush(wait: false).ShouldBe(TransferResult.Closed);
    }

    [Fact]
    public void What_the_peer_does_not_take_yet_waits_and_loses_nothing()
    {
        var expected = new List<byte>();
        for (ushort id = 0; id < 40; id++)
        {
            byte[] payload = [.. Enumerable.Range(id, 30_000).Select(value => (byte)value)];
            Add(id, payload);
            expected.AddRange(RawPeer.Message(id, Commands.RegionRead, payload, RawPeer.Reply));
        }

        int before = stream.OutputLength;
        var received = new List<byte>();
        while (stream.Flush(wait: false) == TransferResult.WouldBlock)
        {
            stream.OutputLength.ShouldBeInRange(1, before - 1);
            for (int i = 0; i < 3; i++)
            {
                received.AddRange(peer.Receive().Bytes);
            }

            before = stream.OutputLength + 1;
        }

        while (received.Count < expected.Count)
        {
            received.AddRange(peer.Receive().Bytes);
        }

        received.ShouldBe(expected);
    }

    [Fact]
    public async Task A_message_of_its_own_goes_ahead_of_what_waits_but_not_into_the_midst_of_a_message()
    {
        Add(1, [1]);
        stream.Send(RawPeer.Message(2, Commands.DmaRead, [2]), []).ShouldBe(TransferResult.Done);
        stream.Flush(wait: false).ShouldBe(TransferResult.Done);
        peer.Receive().Id.ShouldBe((ushort)2);
        peer.Receive().Id.ShouldBe((ushort)1);

        // Longer than the socket holds: it is cut off somewhere.
        Add(3, new byte[900_000]);
        stream.Flush(wait: false).ShouldBe(TransferResult.WouldBlock);
        Task<TransferResult> sending = Task.Run(() => stream.Send(RawPeer.Message(4, Commands.DmaRead, [4]), []));
        RawMessage first = peer.Receive();
        (first.Id, first.Size).ShouldBe(((ushort)3, 900_016u));
        peer.Receive().Id.ShouldBe((ushort)4);
        (await sending.Soon()).ShouldBe(TransferResult.Done);
        stream.OutputLength.ShouldBe(0);
    }

    [Fact]
    public void A_peer_that_takes_nothing_is_not_waited_for_longer_than_may_be()
    {
        stream.SetTimeouts(TimeSpan.FromMilliseconds(10), TimeSpan.Zero);
        Add(1, new byte[900_000]);
        stream.Flush(wait: true).ShouldBe(TransferResult.WouldBlock);
        stream.Send(RawPeer.Message(2, Commands.DmaRead, []), []).ShouldBe(TransferResult.WouldBlock);
    }

    [Fact]
    public void Descriptors_arrive_close_on_exec_and_none_is_left_behind()
    {
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        peer.Send(RawPeer.Message(1, Commands.SetIrqs, new byte[20]), file, file, file);
        peer.Send(RawPeer.Message(2, Commands.RegionRead, new byte[16]), file, file);
        peer.Send(RawPeer.Message(3, Commands.DmaMap, new byte[32]), file);
        while (stream.Receive(wait: false) == TransferResult.Done)
        {
        }

        OpenFiles.CountOf(file).ShouldBe(7);
        stream.TryTake(out _).ShouldBe(TakeResult.Taken);
        stream.Descriptors.Count.ShouldBe(3);
        stream.Descriptors.Select(IsClosedOnExec).ShouldBe([true, true, true]);
        FileDescriptor kept = stream.Descriptors[0];
        stream.Descriptors.RemoveAt(0);
        stream.TryTake(out _).ShouldBe(TakeResult.Taken);
        stream.Descriptors.ShouldBeEmpty();
        OpenFiles.CountOf(file).ShouldBe(3);
        kept.Dispose();
        OpenFiles.CountOf(file).ShouldBe(2);
        stream.Dispose();
        OpenFiles.CountOf(file).ShouldBe(1);
    }

    [Fact]
    public void Descriptors_are_sent_with_their_own_message()
    {
        using FileDescriptor a = EventFd.Create(0, out Errno _)!.File;
        using FileDescriptor b = EventFd.Create(0, out Errno _)!.File;
        Add(1, []);
        Add(2, [], a);
        Add(3, []);
        Add(4, [], a, b);
        stream.Flush(wait: false).ShouldBe(TransferResult.Done);
        stream.Send(RawPeer.Message(5, Commands.DmaRead, []), [b]).ShouldBe(TransferResult.Done);
        int[] counts = [.. Enumerable.Range(1, 5).Select(id =>
        {
            using RawMessage message = peer.Receive();
            message.Id.ShouldBe((ushort)id);
            return message.Files.Length;
        })];
        counts.ShouldBe([0, 1, 0, 2, 1]);
        (OpenFiles.CountOf(a), OpenFiles.CountOf(b)).ShouldBe((1, 1));
    }

    [Fact]
    public void All_messages_are_shown_as_they_are_taken_and_added()
    {
        var trace = new ListTrace();
        stream.Trace = trace;
        using FileDescriptor file = EventFd.Create(0, out Errno _)!.File;
        peer.Send([.. RawPeer.Message(1, Commands.SetIrqs, new byte[20]), .. RawPeer.Message(2, Commands.DmaRead, [1, 2], RawPeer.Reply)], file);
        stream.Receive(wait: true).ShouldBe(TransferResult.Done);
        stream.TryTakeReply(out _).ShouldBe(TakeResult.Taken);
        stream.TryTake(out _).ShouldBe(TakeResult.Taken);
        stream.TryTake(out _).ShouldBe(TakeResult.None);
        Add(1, [3], file, file);
        trace.Lines.ShouldBe(["-> 2: 2 bytes, 0 fds", "-> 1: 20 bytes, 1 fds", "<- 1: 1 bytes, 2 fds"]);
    }

    [Fact]
    public async Task Whoever_waits_comes_back_when_the_connection_is_ended()
    {
        Task<TransferResult> waiting = Task.Run(() => stream.Receive(wait: true));
        stream.Shutdown();
        (await waiting.Soon()).ShouldBe(TransferResult.Closed);
        peer.ShouldEnd();
    }

    private static bool IsClosedOnExec(FileDescriptor file)
    {
        const int F_GETFD = 1; // include/uapi/asm-generic/fcntl.h
        file.Control(F_GETFD, 0, out int flags).ShouldBe(Errno.None);
        return (flags & FileControl.FD_CLOEXEC) != 0;
    }

    private void Add(ushort id, byte[] payload, params FileDescriptor[] files)
    {
        payload.CopyTo(stream.Reserve(payload.Length));
        stream.Commit(new MessageHeader { Id = id, Command = MessageCommand.RegionRead, Flags = MessageFlags.Reply }, payload.Length, files);
    }

    private sealed class ListTrace : IMessageTrace
    {
        public List<string> Lines { get; } = [];

        public void Show(bool isIncoming, MessageHeader header, ReadOnlySpan<byte> payload, int descriptors) =>
            Lines.Add($"{(isIncoming ? "->" : "<-")} {header.Id}: {payload.Length} bytes, {descriptors} fds");
    }
}
