using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A server that hangs up, or takes too long, in use: whatever waits for it ends, and all that it had is given back.</summary>
public sealed class LossTests : IAsyncDisposable
{
    private readonly RawServer server = new();
    private PciFunction? function;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Reason => ((VfioUserFunction)function!).Channel.Reason;

    public async ValueTask DisposeAsync()
    {
        if (function is not null)
        {
            await function.DisposeAsync().Soon();
        }

        server.Dispose();
    }

    [Fact]
    public async Task A_reset_that_is_under_way_ends()
    {
        await StartAsync();
        HangUpAt(Commands.Reset);
        await Should.ThrowAsync<DeviceLostException>(async () => await function!.ResetAsync(Stop).Soon());
    }

    [Fact]
    public async Task Memory_that_is_being_shown_is_not()
    {
        await StartAsync();
        HangUpAt(Commands.DmaMap);
        Should.Throw<DeviceLostException>(() => function!.Dma.Allocate(4096));
    }

    [Fact]
    public async Task Memory_that_is_being_taken_away_is_gone()
    {
        await StartAsync();
        DmaBuffer buffer = function!.Dma.Allocate(4096);
        HangUpAt(Commands.DmaUnmap);
        buffer.Dispose();
        Patience.Until(() => function.IsLost);
    }

    [Fact]
    public async Task Memory_that_it_will_not_give_back_ends_the_connection()
    {
        await StartAsync();
        DmaBuffer buffer = function!.Dma.Allocate(4096);
        server.Instead = request =>
        {
            server.Refuse(request, Errno.EBUSY);
            return true;
        };
        buffer.Dispose();
        Reason.ShouldBe("it did not give memory back (EBUSY)");
    }

    [Fact]
    public async Task Vectors_that_are_being_enabled_are_not()
    {
        await StartAsync();
        HangUpAt(Commands.SetIrqs);
        await Should.ThrowAsync<DeviceLostException>(async () => await function!.EnableMsixAsync(2, Stop));
    }

    [Fact]
    public async Task Registers_read_as_all_ones()
    {
        await StartAsync();
        using Bar bar = function!.MapBar(2);
        using Bar mapped = function.MapBar(0);
        mapped.Mapped.ShouldNotBeEmpty();
        HangUpAt(Commands.RegionRead);
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Patience.Until(() => function.IsLost);
        Patience.Until(() => mapped.Registers.Read32(0) == uint.MaxValue);
        bar.Registers.Write32(0x900, 1);
        function.Configuration.Read16(0).ShouldBe(ushort.MaxValue);
    }

    [Fact]
    public async Task Waits_end_and_whoever_listens_is_told()
    {
        await StartAsync();
        using MsixVectors vectors = await function!.EnableMsixAsync(RawShape.Vectors, Stop);
        Task[] waits = [.. vectors.Select(vector => vector.WaitAsync(Stop).AsTask())];
        server.Shutdown();
        foreach (Task wait in waits)
        {
            await Should.ThrowAsync<DeviceLostException>(() => wait.Soon());
        }

        Patience.Until(() => function.Removing.IsCancellationRequested);
        Reason.ShouldBe("it closed the connection");
        await Should.ThrowAsync<DeviceLostException>(async () => await function.ResetAsync(Stop));
    }

    [Fact]
    public async Task All_that_it_had_is_given_back()
    {
        await StartAsync();
        using DmaBuffer buffer = function!.Dma.Allocate(4096);
        using MsixVectors vectors = await function.EnableMsixAsync(RawShape.Vectors, Stop);
        using Bar bar = function.MapBar(0);
        FileDescriptor[] given = [.. server.Requests.SelectMany(request => request.Files)];
        given.Length.ShouldBe(1 + RawShape.Vectors + 1); // memory, vectors, the notice of errors
        server.Shutdown();
        await function.DisposeAsync().Soon();
        vectors.Dispose();
        bar.Dispose();
        given.ShouldAllBe(file => OpenFiles.CountOf(file) == 1);
        OpenFiles.CountOf(server.Shape.File).ShouldBe(1);
        Patience.Until(() => server.Shape.Mappings == 0);
    }

    [Fact]
    public async Task However_often_it_happens_no_thread_stays()
    {
        int before = 0;
        for (int i = 0; i < 60; i++)
        {
            using var one = new RawServer();
            await using PciFunction lost = await one.ConnectAsync();
            one.Shutdown();
            Patience.Until(() => lost.IsLost);
            before = i == 20 ? Threads() : before;
        }

        // Those of other tests come and go; forty of this one would be seen.
        Patience.Until(() => Threads() < before + 20);

        static int Threads() => Directory.GetDirectories("/proc/self/task").Length;
    }

    [Fact]
    public async Task A_server_that_does_not_reply_in_ReplyTime_is_lost()
    {
        await StartAsync(new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(200) });
        using Bar bar = function!.MapBar(2);
        server.Instead = _ => true;
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Reason.ShouldBe("it did not reply to REGION_READ within 0.2 s");
        Patience.Until(() => function.IsLost);
        await Should.ThrowAsync<DeviceLostException>(async () => await function.EnableMsixAsync(1, Stop));
    }

    [Fact]
    public async Task One_that_sends_its_reply_byte_by_byte_has_no_longer_than_others()
    {
        await StartAsync(new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(300) });
        using Bar bar = function!.MapBar(2);
        server.Instead = request =>
        {
            foreach (byte one in RawPeer.Message(request.Id, request.Command, new byte[4000], RawPeer.Reply))
            {
                if (!server.TrySend([one]))
                {
                    break;
                }

                Thread.Sleep(10);
            }

            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Reason.ShouldBe("it did not reply to REGION_READ within 0.3 s");
    }

    [Fact]
    public async Task A_reset_and_memory_that_is_taken_away_have_ResetTime()
    {
        await StartAsync(new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(100), ResetTime = TimeSpan.FromMilliseconds(400) });
        DmaBuffer buffer = function!.Dma.Allocate(4096);
        server.Instead = request =>
        {
            if (request.Command is Commands.Reset or Commands.DmaUnmap)
            {
                Thread.Sleep(200);
                server.AnswerHonestly(request);
                return true;
            }

            return false;
        };
        await function.ResetAsync(Stop).AsTask().Soon();
        buffer.Dispose();
        function.IsLost.ShouldBeFalse();
        server.Instead = request => request.Command == Commands.Reset;
        await Should.ThrowAsync<DeviceLostException>(async () => await function.ResetAsync(Stop).AsTask().Soon());
        Reason.ShouldBe("it did not reply to DEVICE_RESET within 0.4 s");
    }

    [Fact]
    public async Task A_server_that_does_not_take_what_it_is_sent_in_SendTime_is_lost()
    {
        await StartAsync(new VfioUserLimits { SendTime = TimeSpan.FromMilliseconds(200) }, posts: true);
        var go = new TaskCompletionSource();
        using Bar bar = function!.MapBar(2);
        server.Instead = _ =>
        {
            go.Task.Wait(Stop);
            return true;
        };
        for (int i = 0; i < 1_000_000 && !function.IsLost; i++)
        {
            bar.Registers.Write32(0x900, 1);
        }

        go.SetResult();
        Reason.ShouldBe("it does not take what it is sent");
    }

    [Fact]
    public async Task A_server_that_comes_back_at_its_path_is_connected_to_anew()
    {
        string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
        string path = Path.Combine(folder, "socket");
        for (int i = 0; i < 3; i++)
        {
            await using VfioUserServer served = VfioUserServer.Listen(path);
            _ = served.ServeAsync(new TestModel(Layouts.Whole) { Reads = (_, _, _) => 77 }, Stop);
            PciFunction connected = await VfioUserClient.ConnectAsync(path, stop: Stop);
            using (Bar bar = connected.MapBar(0))
            {
                bar.Registers.Read32(0x10).ShouldBe(77u);
                await served.DisposeAsync().Soon();
                Patience.Until(() => connected.IsLost);
                bar.Registers.Read32(0x10).ShouldBe(uint.MaxValue);
            }

            await connected.DisposeAsync().Soon();
            (await Should.ThrowAsync<PciException>(async () => await VfioUserClient.ConnectAsync(path, stop: Stop))).Message.ShouldContain("start the server first");
        }

        Directory.Delete(folder, recursive: true);
    }

    private async Task StartAsync(VfioUserLimits? limits = null, bool posts = false) =>
        function = await server.ConnectAsync(new VfioUserClientOptions { Limits = limits ?? new VfioUserLimits(), PostedWrites = posts });

    private void HangUpAt(ushort command) => server.Instead = request =>
    {
        if (request.Command == command)
        {
            server.Shutdown();
        }

        return request.Command == command;
    };
}
