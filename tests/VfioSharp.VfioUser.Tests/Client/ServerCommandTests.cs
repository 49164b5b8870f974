using System.IO.MemoryMappedFiles;
using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A server's own commands reach the memory that was shown to it by messages, and nothing else; whatever it sends, others are not kept waiting.</summary>
public sealed class ServerCommandTests : IAsyncDisposable
{
    private const int Length = 4 << 12;

    private readonly RawServer server = new();
    private readonly MemoryMappedFile file = MemoryMappedFile.CreateNew(null, Length);
    private readonly MemoryMappedViewAccessor view;
    private readonly EventLoop loop = new();
    private PciFunction? function;
    private RawPeer? twin;
    private DmaBuffer? shown;

    public ServerCommandTests() => view = file.CreateViewAccessor();

    private RawPeer Commanding => twin ?? server;

    private string Reason => ((VfioUserFunction)function!).Channel.Reason;

    public async ValueTask DisposeAsync()
    {
        if (function is not null)
        {
            await function.DisposeAsync().Soon();
        }

        twin?.Dispose();
        server.Dispose();
        loop.Dispose();
        view.Dispose();
        file.Dispose();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Memory_that_was_shown_is_read_and_written(bool hasTwin)
    {
        await StartAsync(hasTwin);
        ulong at = shown!.Iova.Value;
        shown.Span[Length - 1] = 0x7E;
        Call(Commands.DmaRead, Payloads.Memory(at + Length - 2, 2)).ShouldBe(Payloads.Memory(at + Length - 2, 2, [0, 0x7E]));
        Call(Commands.DmaWrite, Payloads.Memory(at + 5, 3, [1, 2, 3])).ShouldBe(Payloads.Memory(at + 5, 3));
        shown.Slice(5, 3).ToArray().ShouldBe([1, 2, 3]);
        Call(Commands.DmaRead, Payloads.Memory(at, 0)).ShouldBe(Payloads.Memory(at, 0));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Memory_that_was_not_shown_is_refused(bool hasTwin)
    {
        await StartAsync(hasTwin);
        using DmaBuffer mapped = function!.Dma.Allocate(4096); // has a file: the server maps it
        ulong at = shown!.Iova.Value;
        foreach ((ulong address, ulong count) in ((ulong, ulong)[])[(0, 1), (at - 1, 1), (at - 1, 2), (at + Length, 1), (at + Length - 1, 2), (mapped.Iova.Value, 1), (ulong.MaxValue, 1), (ulong.MaxValue, 2)])
        {
            ShouldRefuse(Errno.EFAULT, Commands.DmaRead, Payloads.Memory(address, count));
            ShouldRefuse(Errno.EFAULT, Commands.DmaWrite, Payloads.Memory(address, count, new byte[count]));
        }

        shown.Dispose();
        ShouldRefuse(hasTwin ? Errno.EFAULT : null, Commands.DmaRead, Payloads.Memory(at, 1));
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task Sizes_that_cannot_be_are_refused(bool hasTwin)
    {
        await StartAsync(hasTwin);
        ulong at = shown!.Iova.Value;
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, []);
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, new byte[15]);
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, Payloads.Memory(at, 4097)); // MaxDataTransfer is 4096 here
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, Payloads.Memory(at, ulong.MaxValue));
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, Payloads.Memory(at, 0x1_0000_0001));
        ShouldRefuse(Errno.EINVAL, Commands.DmaRead, Payloads.Memory(at, 1, [1]));
        ShouldRefuse(Errno.EINVAL, Commands.DmaWrite, Payloads.Memory(at, 2, [1]));
        ShouldRefuse(Errno.EINVAL, Commands.DmaWrite, Payloads.Memory(at, 1, [1, 2]));
        ShouldRefuse(Errno.EINVAL, Commands.DmaWrite, Payloads.Memory(at, ulong.MaxValue));
        Call(Commands.DmaRead, Payloads.Memory(at, 4096)).Length.ShouldBe(16 + 4096);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_the_function_may_not_do_with_memory_is_refused(bool hasTwin)
    {
        await StartAsync(hasTwin, DmaAccess.Read);
        ShouldRefuse(Errno.EFAULT, Commands.DmaWrite, Payloads.Memory(shown!.Iova.Value, 1, [1]));
        Call(Commands.DmaRead, Payloads.Memory(shown.Iova.Value, 1)).Length.ShouldBe(17);
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task What_wants_no_reply_gets_none(bool hasTwin)
    {
        await StartAsync(hasTwin);
        Commanding.Send(RawPeer.Message(1, Commands.DmaWrite, Payloads.Memory(shown!.Iova.Value, 1, [9]), RawPeer.NoReply));
        Commanding.Send(RawPeer.Message(2, Commands.DmaRead, Payloads.Memory(0, 1), RawPeer.NoReply));
        Call(Commands.DmaRead, Payloads.Memory(shown.Iova.Value, 1))[16].ShouldBe((byte)9);
    }

    [Theory]
    [InlineData(false, (ushort)0)]
    [InlineData(false, Commands.Version)]
    [InlineData(false, Commands.DmaMap)]
    [InlineData(false, Commands.Reset)]
    [InlineData(false, (ushort)14)]
    [InlineData(false, ushort.MaxValue)]
    [InlineData(true, (ushort)0)]
    [InlineData(true, Commands.RegionRead)]
    [InlineData(true, ushort.MaxValue)]
    public async Task A_command_that_is_not_a_server_s_ends_the_connection(bool hasTwin, ushort command)
    {
        await StartAsync(hasTwin);
        Commanding.Send(RawPeer.Message(1, command, new byte[32]));
        ShouldBeLost("it sent a command that a client does not take");
    }

    [Fact]
    public async Task A_reply_where_only_commands_may_come_ends_the_connection()
    {
        await StartAsync(hasTwin: true);
        twin!.Send(RawPeer.Message(1, Commands.DmaRead, Payloads.Memory(shown!.Iova.Value, 1), RawPeer.Reply));
        ShouldBeLost("it sent a command that a client does not take");
    }

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(uint.MaxValue)]
    public async Task A_size_that_cannot_be_ends_the_connection(uint size)
    {
        await StartAsync(hasTwin: true);
        twin!.Send(RawPeer.Message(1, Commands.DmaRead, new byte[16], size: size));
        ShouldBeLost($"a message says that it has {size} bytes: 16 to 69632 can be");
    }

    [Fact]
    public async Task A_server_that_closes_the_socket_of_its_commands_is_lost()
    {
        await StartAsync(hasTwin: true);
        twin!.Shutdown();
        ShouldBeLost("it closed the socket of its commands");
    }

    [Theory]
    [InlineData("eventfd")]
    [InlineData("memory")]
    [InlineData("itself")]
    public async Task A_socket_that_is_none_is_refused_or_of_no_use(string kind)
    {
        using EventFd eventFd = Events.Create();
        FileDescriptor wrong = kind switch { "eventfd" => eventFd.File, "memory" => server.Shape.File, _ => server.Socket.File };
        int before = OpenFiles.CountOf(wrong);
        server.AnswerTo(Commands.Version, _ => Payloads.Version(0, 2, TwinJson), wrong);
        try
        {
            function = await server.ConnectAsync(new VfioUserClientOptions { Events = loop });
            eventFd.Signal();
            await function.DisposeAsync();
        }
        catch (PciException)
        {
            // Whether it is noticed before anything else is the kernel's: it lets a loop watch some files and others not.
        }

        Patience.Until(() => OpenFiles.CountOf(wrong) == before || kind == "itself");
        await OthersShouldBeServedAsync();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_server_that_asks_for_much_and_takes_nothing_keeps_nobody_else_waiting(bool hasTwin)
    {
        await StartAsync(hasTwin);
        Commanding.Socket.SetSendTimeout(TimeSpan.FromMilliseconds(50));
        byte[] burst = [.. Enumerable.Range(0, 64).SelectMany(_ => RawPeer.Message(1, Commands.DmaRead, Payloads.Memory(shown!.Iova.Value, 4096)))];
        while (Commanding.TrySend(burst))
        {
        }

        await OthersShouldBeServedAsync();
        await function!.DisposeAsync().Soon();
    }

    [Theory, InlineData(false), InlineData(true)]
    public async Task A_flood_keeps_nobody_else_waiting(bool hasTwin)
    {
        await StartAsync(hasTwin);
        bool isOver = false;
        byte[] burst = [.. Enumerable.Range(0, 256).SelectMany(_ => RawPeer.Message(1, Commands.DmaWrite, Payloads.Memory(shown!.Iova.Value, 64, new byte[64]), RawPeer.NoReply))];
        var flood = new Thread(() =>
        {
            while (!Volatile.Read(ref isOver) && Commanding.TrySend(burst))
            {
            }
        });
        flood.Start();
        try
        {
            for (int i = 0; i < 20; i++)
            {
                await OthersShouldBeServedAsync();
            }
        }
        finally
        {
            Volatile.Write(ref isOver, true);
            Commanding.Socket.SetSendTimeout(TimeSpan.FromSeconds(1));
            flood.Join();
        }

        function!.IsLost.ShouldBeFalse();
        Call(Commands.DmaRead, Payloads.Memory(shown!.Iova.Value, 1)).Length.ShouldBe(17);
    }

    [Fact]
    public async Task Many_commands_at_once_are_all_answered_in_order()
    {
        await StartAsync(hasTwin: true);
        ulong at = shown!.Iova.Value;
        for (int i = 0; i < Length; i++)
        {
            shown.Span[i] = (byte)(i * 7);
        }

        const int count = 500;
        var sender = new Thread(() => twin!.TrySend([.. Enumerable.Range(0, count).SelectMany(i => RawPeer.Message((ushort)i, Commands.DmaRead, Payloads.Memory(at + (ulong)i, 2000)))]));
        sender.Start();
        for (int i = 0; i < count; i++)
        {
            using RawMessage reply = twin!.Receive();
            (reply.Id, reply.Payload.Length, reply.Payload[16], reply.Payload[^1]).ShouldBe(((ushort)i, 2016, (byte)(i * 7), (byte)((i + 1999) * 7)));
        }

        sender.Join();
    }

    private const string TwinJson = """{"capabilities":{"twin_socket":{"supported":true,"fd_index":0}}}""";

    private async Task StartAsync(bool hasTwin, DmaAccess access = DmaAccess.ReadWrite)
    {
        UnixSocket? other = null;
        if (hasTwin)
        {
            UnixSocket.CreatePair(out UnixSocket? own, out other).ShouldBe(Errno.None);
            twin = new RawPeer(own!);
            server.AnswerTo(Commands.Version, _ => Payloads.Version(0, 2, TwinJson), other!.File);
        }

        var limits = new VfioUserLimits { MaxDataTransfer = 4096 };
        function = await server.ConnectAsync(new VfioUserClientOptions { Events = loop, Limits = limits });
        server.Instead = null;
        other?.Dispose();
        shown = function.Dma.Map(view.SafeMemoryMappedViewHandle, new DmaOptions { Access = access });
    }

    private byte[] Call(ushort command, byte[] payload)
    {
        using RawMessage reply = Ask(command, payload);
        (reply.Flags, reply.Error).ShouldBe((RawPeer.Reply, Errno.None));
        return reply.Payload;
    }

    private void ShouldRefuse(Errno? error, ushort command, byte[] payload)
    {
        if (error is null)
        {
            return;
        }

        using RawMessage reply = Ask(command, payload);
        (reply.Flags, reply.Error, reply.Payload.Length).ShouldBe((RawPeer.Reply | RawPeer.ErrorFlag, error.Value, 0));
    }

    // On the server's one connection its thread receives the reply, among the client's commands.
    private RawMessage Ask(ushort command, byte[] payload)
    {
        const ushort id = 0x7001;
        if (twin is not null)
        {
            twin.Send(RawPeer.Message(id, command, payload));
            return twin.Receive();
        }

        RawMessage? reply = null;
        server.Instead = message =>
        {
            if ((message.Flags & RawPeer.Reply) != 0)
            {
                Volatile.Write(ref reply, message);
                return true;
            }

            return false;
        };
        server.Send(RawPeer.Message(id, command, payload));
        Patience.Until(() => Volatile.Read(ref reply) is not null);
        server.Instead = null;
        reply!.Id.ShouldBe(id);
        return reply;
    }

    private void ShouldBeLost(string reason)
    {
        Patience.Until(() => function!.IsLost);
        Reason.ShouldBe(reason);
    }

    // Interrupts of another function come, by the same loop.
    private async Task OthersShouldBeServedAsync()
    {
        using EventFd interrupt = Events.Create();
        var sink = new Sink();
        loop.Add(interrupt, sink);
        interrupt.Signal();
        await sink.Reached.Task.WaitAsync(TimeSpan.FromSeconds(5), TestContext.Current.CancellationToken);
        loop.Remove(interrupt);
    }

    private sealed class Sink : IEventSink
    {
        public TaskCompletionSource Reached { get; } = new(TaskCreationOptions.RunContinuationsAsynchronously);

        public void OnSignalled() => Reached.TrySetResult();
    }
}
