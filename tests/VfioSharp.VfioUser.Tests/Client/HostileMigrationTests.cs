using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A server that says of a function's state, and of the memory it writes, what cannot be.</summary>
public sealed class HostileMigrationTests : IAsyncDisposable
{
    private readonly RawServer server = new();
    private PciFunction? function;

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public static TheoryData<byte[]> ImpossiblePieces => new(
        [],
        [0, 0, 0, 0],
        [.. new Bytes().U32(8).ToArray(), 0, 0, 0],
        new Bytes().U32(12, 5).Raw(1, 2, 3, 4),
        new Bytes().U32(12, 3).Raw(1, 2, 3, 4),
        new Bytes().U32(8, 1),
        new Bytes().U32(8, uint.MaxValue),
        new Bytes().U32(8 + 4097, 4097).Raw(new byte[4097])); // where 4096 were asked for

    public async ValueTask DisposeAsync()
    {
        if (function is not null)
        {
            await function.DisposeAsync();
        }

        server.Dispose();
    }

    [Theory, MemberData(nameof(ImpossiblePieces))]
    public async Task Pieces_that_cannot_be_are_not_taken(byte[] piece)
    {
        FunctionMigration migration = await StartAsync();
        server.AnswerTo(Commands.MigDataRead, _ => piece);
        using var state = new MemoryStream();
        (await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.SaveAsync(state, Stop).Soon()))
            .Message.ShouldBe("raw gives its state in pieces that cannot be");
        state.Length.ShouldBe(0);
    }

    [Fact]
    public async Task A_state_without_end_ends_where_the_limit_is()
    {
        FunctionMigration migration = await StartAsync(new VfioUserLimits { MaxDataTransfer = 4096, MaxStateBytes = 10_000 });
        server.AnswerTo(Commands.MigDataRead, request => new Bytes().U32(8 + request.U32(4), request.U32(4)).Raw(new byte[request.U32(4)]));
        using var state = new MemoryStream();
        (await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.SaveAsync(state, Stop).Soon()))
            .Message.ShouldBe("raw gives a state of more than the 10000 bytes that it may have");
        state.Length.ShouldBeLessThanOrEqualTo(10_000);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(7)]
    public async Task A_reply_that_is_cut_off_is_none(int length)
    {
        FunctionMigration migration = await StartAsync();
        server.AnswerTo(Commands.Feature, _ => new byte[length]);
        await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.StopAsync(Stop).Soon());
        await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.ReadLogAsync(Pages(0, 1), Stop).Soon());
    }

    [Theory]
    [InlineData(0)] // no report
    [InlineData(23)]
    [InlineData(24)] // no bitmap
    [InlineData(31)]
    [InlineData(40)] // a word more than was asked for
    [InlineData(35)]
    public async Task A_bitmap_of_another_length_is_none(int length)
    {
        FunctionMigration migration = await StartAsync();
        server.AnswerTo(Commands.Feature, request => [.. request.Payload[..8], .. new byte[length]]);
        await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.ReadLogAsync(Pages(0, 1), Stop).Soon());
    }

    [Theory]
    [InlineData(0x1000_0000ul)]
    [InlineData(ulong.MaxValue - 0x2FFF)] // where the next page would begin anew at 0
    public async Task Bits_behind_the_range_that_was_asked_about_are_not_believed(ulong address)
    {
        FunctionMigration migration = await StartAsync();
        server.AnswerTo(Commands.Feature, request => [.. request.Payload, .. new Bytes().U64(0b1010).ToArray()]);
        (await Should.ThrowAsync<VfioUserProtocolException>(async () => await migration.ReadLogAsync(Pages(address, 3), Stop).Soon()))
            .Message.ShouldBe("raw tells of pages behind the 3 that it was asked about");
        server.AnswerTo(Commands.Feature, request => [.. request.Payload, .. new Bytes().U64(0b110).ToArray()]);
        (await migration.ReadLogAsync(Pages(address, 3), Stop).Soon()).ShouldBe([Pages(address + 4096, 2)]);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(15)]
    public async Task A_server_that_transfers_next_to_nothing_is_asked_a_word_at_a_time(int most)
    {
        server.Shape.Json = $$$"""{"capabilities":{"max_data_xfer_size":{{{most}}}}}""";
        FunctionMigration migration = await StartAsync();
        server.AnswerTo(Commands.Feature, request => [.. request.Payload, .. new Bytes().U64(request.U64(8) == 0x4_0000 ? 1u : 0).ToArray()]);
        (await migration.ReadLogAsync(Pages(0, 130), Stop).Soon()).ShouldBe([Pages(0x4_0000, 1)]);
        server.Requests.Where(request => request.Command == Commands.Feature && (request.U32(4) & 0xFFFF) == Payloads.LogReport)
            .Select(request => (request.U64(8), request.U64(16))).ShouldBe([(0ul, 0x4_0000ul), (0x4_0000ul, 0x4_0000ul), (0x8_0000ul, 0x2000ul)]);
    }

    [Fact]
    public async Task What_is_refused_says_by_which_error()
    {
        FunctionMigration migration = await StartAsync();
        server.Instead = request =>
        {
            server.Refuse(request, Errno.ENOSPC);
            return true;
        };
        (await Should.ThrowAsync<PciException>(async () => await migration.StopAsync(Stop).Soon())).ErrorNumber.ShouldBe((int)Errno.ENOSPC);
        (await Should.ThrowAsync<PciException>(async () => await migration.StartLogAsync([], Stop).Soon())).ErrorNumber.ShouldBe((int)Errno.ENOSPC);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(2)] // P2P, which needs no stop-copy and is none
    public async Task One_without_stop_copy_cannot_be_taken_anywhere(ulong states)
    {
        function = await server.ConnectAsync();
        server.AnswerTo(Commands.Feature, request => new Bytes().U32(16, request.U32(4)).U64(states));
        await Should.ThrowAsync<NotSupportedException>(async () => await FunctionMigration.OfAsync(function, Stop).Soon());
        server.AnswerTo(Commands.Feature, request => new Bytes().U32(16, request.U32(4)).Raw(1, 0, 0)); // cut off
        await Should.ThrowAsync<NotSupportedException>(async () => await FunctionMigration.OfAsync(function, Stop).Soon());
    }

    [Fact]
    public async Task A_server_that_hangs_up_in_the_middle_of_a_state_is_lost()
    {
        FunctionMigration migration = await StartAsync();
        server.Instead = request =>
        {
            if (request.Command == Commands.MigDataRead)
            {
                server.Shutdown();
            }

            return request.Command == Commands.MigDataRead;
        };
        await Should.ThrowAsync<DeviceLostException>(async () => await migration.SaveAsync(new MemoryStream(), Stop).Soon());
    }

    private static IovaRange Pages(ulong address, ulong count) => new(new Iova(address), new Iova(address + ((count * 4096) - 1)));

    private async Task<FunctionMigration> StartAsync(VfioUserLimits? limits = null)
    {
        function = await server.ConnectAsync(new VfioUserClientOptions { Limits = limits ?? new VfioUserLimits { MaxDataTransfer = 4096 } });
        return await FunctionMigration.OfAsync(function, Stop);
    }
}
