using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Client;
using VfioSharp.VfioUser.Tests.Raw;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A reply that is none to what was asked ends the connection; one that refuses does not.</summary>
public sealed class ReplyTests : IAsyncLifetime
{
    private readonly RawServer server = new();
    private PciFunction function = null!;
    private Bar bar = null!;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Reason => ((VfioUserFunction)function).Channel.Reason;

    public async ValueTask InitializeAsync()
    {
        var limits = new VfioUserLimits { ReplyTime = TimeSpan.FromSeconds(30), MaxDataTransfer = 4096 };
        function = await server.ConnectAsync(new VfioUserClientOptions { Limits = limits });
        bar = function.MapBar(2); // the table's, with registers behind it, reached by messages
        server.Shape.Registers[2][0x900] = 0x42;
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
    }

    public async ValueTask DisposeAsync()
    {
        bar.Dispose();
        await function.DisposeAsync();
        server.Dispose();
    }

    [Theory]
    [InlineData(1)]
    [InlineData(64)]
    [InlineData(0x8000)]
    public void With_another_id_it_ends_the_connection(int change) => ShouldEnd(
        request => server.Send(RawPeer.Message((ushort)(request.Id ^ change), request.Command, Reply(request), RawPeer.Reply)), "it replied to what nobody asked");

    [Theory]
    [InlineData(Commands.RegionWrite)]
    [InlineData(Commands.DmaRead)]
    [InlineData((ushort)0)]
    [InlineData(ushort.MaxValue)]
    public void With_another_command_it_ends_the_connection(ushort command) => ShouldEnd(
        request => server.Send(RawPeer.Message(request.Id, command, Reply(request), RawPeer.Reply)), "it replied to another command than was asked");

    [Theory]
    [InlineData(2u)]
    [InlineData(15u)]
    [InlineData(0u)]
    public void Of_a_type_that_is_none_it_ends_the_connection(uint type) => ShouldEnd(
        request => server.Send(RawPeer.Message(request.Id, request.Command, Reply(request), type)), "it sent a command that a client does not take");

    [Theory]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-4)]
    [InlineData(-20)] // less than what was asked is told with
    [InlineData(4000)]
    public void With_another_length_than_asked_for_it_ends_the_connection(int more) => ShouldEnd(
        request =>
        {
            byte[] reply = new byte[20 + more];
            server.Answer(request, reply);
        },
        $"it answered a read of 4 bytes with {4 + more}");

    [Theory]
    [InlineData(0u)]
    [InlineData(15u)]
    [InlineData(uint.MaxValue)]
    [InlineData(4096u + 65536u + 1)]
    public void With_a_size_that_cannot_be_it_ends_the_connection(uint size) => ShouldEnd(
        request => server.Send(RawPeer.Message(request.Id, request.Command, Reply(request), RawPeer.Reply, size: size)),
        $"a message says that it has {size} bytes: 16 to 69632 can be");

    [Fact]
    public void Twice_it_ends_the_connection_and_the_first_counts()
    {
        server.Instead = request =>
        {
            byte[] message = RawPeer.Message(request.Id, request.Command, Reply(request), RawPeer.Reply);
            server.Send([.. message, .. message]);
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        Patience.Until(() => Reason == "it replied to what nobody asked");
        ShouldBeLost();
    }

    [Fact]
    public void Before_anything_was_asked_it_ends_the_connection_at_the_next_call()
    {
        server.Send(RawPeer.Message(5, Commands.RegionRead, new byte[20], RawPeer.Reply));
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Reason.ShouldBe("it replied to what nobody asked");
    }

    [Theory]
    [InlineData(0u)] // tells of no error, and counts as one
    [InlineData(5u)]
    [InlineData(uint.MaxValue)]
    [InlineData(0x8000_0000u)]
    public async Task With_an_error_it_refuses_and_the_connection_goes_on(uint error)
    {
        server.Instead = request =>
        {
            server.Send(RawPeer.Message(request.Id, request.Command, [], RawPeer.Reply | RawPeer.ErrorFlag, error));
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        bar.Registers.Write32(0x900, 1);
        (await Should.ThrowAsync<PciException>(async () => await function.ResetAsync(Stop))).ErrorNumber.ShouldBe(error == 0 ? (int)Errno.EIO : (int)error);
        (await Should.ThrowAsync<PciException>(async () => await function.EnableMsixAsync(1, Stop))).ErrorNumber.ShouldBe(error == 0 ? (int)Errno.EIO : (int)error);
        Should.Throw<PciException>(() => function.Dma.Allocate(4096)).ErrorNumber.ShouldBe(error == 0 ? (int)Errno.EIO : (int)error);
        function.IsLost.ShouldBeFalse();
        server.Instead = null;
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
    }

    [Fact]
    public void With_an_error_and_a_payload_the_payload_does_not_count()
    {
        server.Instead = request =>
        {
            server.Send(RawPeer.Message(request.Id, request.Command, Reply(request), RawPeer.Reply | RawPeer.ErrorFlag, 5));
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        server.Instead = null;
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    [InlineData(16)]
    [InlineData(17)]
    [InlineData(35)]
    public void In_two_pieces_it_is_a_reply(int split)
    {
        server.Instead = request =>
        {
            byte[] message = RawPeer.Message(request.Id, request.Command, Reply(request), RawPeer.Reply);
            server.Send(message.AsSpan(0, split));
            Thread.Sleep(1);
            server.Send(message.AsSpan(split));
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        server.Instead = null;
    }

    [Fact]
    public void Descriptors_that_come_with_it_are_closed()
    {
        using EventFd file = Events.Create();
        server.Instead = request =>
        {
            server.Answer(request, Reply(request), file.File, file.File);
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        server.Instead = null;
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    [Theory]
    [InlineData(0u, true)] // no part
    [InlineData(1u, false)] // of one part there is none
    [InlineData(uint.MaxValue, false)]
    [InlineData(0x0CCC_CCCDu, false)] // times 40 is 8
    public void Doorbells_by_descriptors_are_as_many_as_there_are(uint count, bool isTaken)
    {
        using EventFd file = Events.Create();
        server.AnswerTo(Commands.GetRegionIoFds, _ => new Bytes().U32(16, 0, 0, count), file.File);
        using (RegionDescriptors? descriptors = ((VfioUserFunction)function).GetDescriptors(0))
        {
            (descriptors is not null).ShouldBe(isTaken);
        }

        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    [Fact]
    public void Doorbells_that_need_more_room_each_time_are_not_asked_for_for_ever()
    {
        server.AnswerTo(Commands.GetRegionIoFds, request => new Bytes().U32(request.U32(0) + 1, 0, 0, 0));
        ((VfioUserFunction)function).GetDescriptors(0).ShouldBeNull();
        server.Requests.Count(request => request.Command == Commands.GetRegionIoFds).ShouldBe(2);
    }

    [Fact]
    public void A_doorbell_s_descriptor_is_one_that_came()
    {
        using EventFd file = Events.Create();
        server.AnswerTo(Commands.GetRegionIoFds, _ => new Bytes().U32(56, 0, 0, 1).U64(0, 4).U32(1, 0, 0, 0).U64(0), file.File);
        ((VfioUserFunction)function).GetDescriptors(0).ShouldBeNull();
        bar.Registers.Read32(0x900).ShouldBe(0x42u);
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    [Theory]
    [InlineData(0ul, 0)]
    [InlineData(1ul, 1)]
    [InlineData(3ul, 2)] // more than were to be made
    [InlineData(ulong.MaxValue, 2)]
    public void Of_several_writes_no_more_were_made_than_were_asked_for(ulong made, int expected)
    {
        server.AnswerTo(Commands.WriteMulti, _ => new Bytes().U64(made));
        ((VfioUserFunction)function).WriteMany([new WriteEntry { Region = 2, Offset = 0x900, Count = 4 }, new WriteEntry { Region = 2, Offset = 0x904, Count = 4 }])
            .ShouldBe(expected);
        server.AnswerTo(Commands.WriteMulti, _ => []);
        ((VfioUserFunction)function).WriteMany([new WriteEntry { Region = 2, Offset = 0x900, Count = 4 }]).ShouldBe(0);
    }

    private byte[] Reply(RawMessage request) => server.Shape.Answer(request, out _) ?? [];

    private void ShouldEnd(Action<RawMessage> reply, string reason)
    {
        server.Instead = request =>
        {
            reply(request);
            return true;
        };
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Reason.ShouldBe(reason);
        ShouldBeLost();
    }

    private void ShouldBeLost()
    {
        Patience.Until(() => function.IsLost);
        bar.Registers.Read32(0x900).ShouldBe(uint.MaxValue);
        Should.Throw<DeviceLostException>(() => function.Dma.Allocate(4096));
    }
}
