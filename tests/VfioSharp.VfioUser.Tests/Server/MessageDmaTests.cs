using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Memory that a client shows without a descriptor: reached by DMA_READ and DMA_WRITE, which the client answers.</summary>
public class MessageDmaTests
{
    private static readonly VfioUserLimits Short = new() { ReplyTime = TimeSpan.FromMilliseconds(50) };

    public static TheoryData<bool, ServingMode> Ways => new(
        from isTwin in (bool[])[false, true] from mode in Enum.GetValues<ServingMode>() select (isTwin, mode));

    [Theory, MemberData(nameof(Ways))]
    public async Task A_thread_of_the_function_s_own_reads_and_writes(bool isTwin, ServingMode mode)
    {
        await using var rig = new MessageDmaRig(isTwin, mode);
        byte[] bytes = new byte[100];
        Task<bool> read = rig.ReadAsync(0x10, bytes);
        rig.ServeRead(0x10, 100);
        (await read.Soon()).ShouldBeTrue();
        bytes.ShouldBe(MessageDmaRig.Pattern(0x10, 100));
        Task<bool> write = rig.WriteAsync(0x20, [1, 2, 3]);
        rig.ServeWrite(0x20, [1, 2, 3]);
        (await write.Soon()).ShouldBeTrue();
        rig.Rig.Server.Statistics.MemoryMessages.ShouldBe(2);
        rig.Client.ShouldBeServed();
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task A_handler_does_so_while_commands_wait_behind_its_own(bool isTwin, ServingMode mode)
    {
        await using var rig = new MessageDmaRig(isTwin, mode);
        byte[] bytes = new byte[8];
        var done = new List<string>();
        rig.Rig.Model.Writes = (_, _, _, value) =>
        {
            done.Add($"{value} {rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At + value), bytes)} {bytes[0]}");
            done.Add($"{rig.Rig.Model.SystemMemory.TryWrite(new Iova(MessageDmaRig.At + value), [9])}");
        };
        rig.Client.Send([
            .. RawPeer.Message(1, Commands.RegionRead, Payloads.Region(7, 0, 2)), .. RawPeer.Message(2, Commands.RegionWrite, Payloads.Region(0, 0, 4, [1, 0, 0, 0])),
            .. RawPeer.Message(3, Commands.RegionWrite, Payloads.Region(0, 0, 4, [2, 0, 0, 0])), .. RawPeer.Message(4, Commands.RegionRead, Payloads.Region(7, 0, 4))]);

        foreach (ulong value in (ulong[])[1, 2])
        {
            // What was replied before is not held back by the wait; on one socket the command goes ahead of it.
            ushort read = rig.Take(Commands.DmaRead, value, 8);
            rig.Client.Receive().Id.ShouldBe((ushort)value);
            rig.Client.Post(Commands.RegionRead, Payloads.Region(7, 0, 1)); // one more to wait
            rig.Reply(read, Commands.DmaRead, Payloads.Memory(MessageDmaRig.At + value, 8, MessageDmaRig.Pattern(value, 8)));
            rig.ServeWrite(value, [9]);
        }

        rig.Client.Receive().Id.ShouldBe((ushort)3);
        rig.Client.Receive().Id.ShouldBe((ushort)4);
        done.ShouldBe(["1 True 7", "True", "2 True 14", "True"]);
        rig.Client.Receive().Command.ShouldBe(Commands.RegionRead);
        rig.Client.Receive().Command.ShouldBe(Commands.RegionRead);
        rig.Client.ShouldBeServed();
    }

    [Theory, MemberData(nameof(Ways))]
    public async Task Several_threads_and_a_handler_do_so_at_once(bool isTwin, ServingMode mode)
    {
        await using var rig = new MessageDmaRig(isTwin, mode);
        rig.Rig.Model.Reads = (_, offset, _) =>
        {
            byte[] bytes = new byte[1];
            rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At + offset), bytes).ShouldBeTrue();
            return bytes[0];
        };
        byte[][] results = [.. Enumerable.Range(0, 4).Select(_ => new byte[64])];
        Task<bool>[] reads = [.. results.Select((result, i) => rig.ReadAsync((ulong)i * 64, result))];
        ushort command = rig.Client.Post(Commands.RegionRead, Payloads.Region(0, 0x300, 4));
        RawMessage? answer = null;
        for (int left = 5; left > 0 || answer is null;)
        {
            RawMessage message = (isTwin && left == 0 ? rig.Client : rig.Commanded).Receive();
            if (message.Command == Commands.RegionRead)
            {
                answer = message;
                continue;
            }

            left--;
            ulong offset = message.U64(0) - MessageDmaRig.At;
            rig.Reply(message.Id, Commands.DmaRead, Payloads.Memory(message.U64(0), message.U64(8), MessageDmaRig.Pattern(offset, (int)message.U64(8))));
        }

        (await Task.WhenAll(reads).Soon()).ShouldAllBe(done => done);
        for (int i = 0; i < 4; i++)
        {
            results[i].ShouldBe(MessageDmaRig.Pattern((ulong)i * 64, 64));
        }

        (answer.Id, answer.U32(16)).ShouldBe((command, (uint)MessageDmaRig.Pattern(0x300, 1)[0]));
    }

    [Fact]
    public async Task On_the_one_socket_replies_may_come_in_any_order()
    {
        await using var rig = new MessageDmaRig(isTwin: false);
        byte[][] results = [.. Enumerable.Range(0, 3).Select(_ => new byte[8])];
        Task<bool>[] reads = [.. results.Select((result, i) => rig.ReadAsync((ulong)i * 8, result))];
        RawMessage[] commands = [.. Enumerable.Range(0, 3).Select(_ => rig.Client.Receive())];
        commands.Select(command => command.Id).Distinct().Count().ShouldBe(3);
        foreach (RawMessage command in commands.Reverse())
        {
            rig.Reply(command.Id, Commands.DmaRead, Payloads.Memory(command.U64(0), 8, MessageDmaRig.Pattern(command.U64(0) - MessageDmaRig.At, 8)));
        }

        (await Task.WhenAll(reads).Soon()).ShouldAllBe(done => done);
        results.ShouldBe(Enumerable.Range(0, 3).Select(i => MessageDmaRig.Pattern((ulong)i * 8, 8)));
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task No_more_goes_at_once_than_the_client_takes(bool isTwin)
    {
        await using var rig = new MessageDmaRig(isTwin, maxTransfer: 1000);
        byte[] bytes = new byte[2500];
        Task<bool> read = rig.ReadAsync(0x100, bytes);
        rig.ServeRead(0x100, 1000);
        rig.ServeRead(0x100 + 1000, 1000);
        rig.ServeRead(0x100 + 2000, 500);
        (await read.Soon()).ShouldBeTrue();
        bytes.ShouldBe(MessageDmaRig.Pattern(0x100, 2500));
        Task<bool> write = rig.WriteAsync(0, bytes);
        rig.ServeWrite(0, bytes[..1000]);
        rig.ServeWrite(1000, bytes[1000..2000]);
        rig.ServeWrite(2000, bytes[2000..]);
        (await write.Soon()).ShouldBeTrue();
    }

    [Theory]
    [InlineData(14)] // EFAULT
    [InlineData(0)] // an error may come without a number
    public async Task What_the_client_refuses_is_refused_and_the_connection_goes_on(int error)
    {
        foreach (bool isTwin in (bool[])[false, true])
        {
            await using var rig = new MessageDmaRig(isTwin, maxTransfer: 16);
            Task<bool> read = rig.ReadAsync(0, new byte[40]);
            rig.ServeRead(0, 16);
            rig.Reply(rig.Take(Commands.DmaRead, 16, 16), Commands.DmaRead, [], RawPeer.Reply | RawPeer.ErrorFlag, (Errno)error);
            (await read.Soon()).ShouldBeFalse();
            Task<bool> write = rig.WriteAsync(0, [1]);
            rig.Reply(rig.Take(Commands.DmaWrite, 0, 1, [1]), Commands.DmaWrite, [], RawPeer.Reply | RawPeer.ErrorFlag, (Errno)error);
            (await write.Soon()).ShouldBeFalse();
            rig.Client.ShouldBeServed();
        }
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    [InlineData(12)]
    [InlineData(16)]
    public async Task A_write_s_reply_holds_as_much_as_implementations_put_there(int length)
    {
        await using var rig = new MessageDmaRig(isTwin: false);
        Task<bool> write = rig.WriteAsync(0, [1, 2]);
        rig.Reply(rig.Take(Commands.DmaWrite, 0, 2, [1, 2]), Commands.DmaWrite, Payloads.Memory(MessageDmaRig.At, 2)[..length]);
        (await write.Soon()).ShouldBeTrue();
        rig.Client.ShouldBeServed();
    }

    [Theory]
    [InlineData(false, "address")]
    [InlineData(false, "count")]
    [InlineData(false, "short")]
    [InlineData(false, "long")]
    [InlineData(false, "empty")]
    [InlineData(false, "header")]
    [InlineData(true, "address")]
    [InlineData(true, "count")]
    [InlineData(true, "short")]
    [InlineData(true, "long")]
    [InlineData(true, "empty")]
    [InlineData(true, "header")]
    public async Task A_read_that_is_answered_with_something_else_ends_the_connection(bool isTwin, string what)
    {
        await using var rig = new MessageDmaRig(isTwin);
        Task<bool> read = rig.ReadAsync(0, new byte[8]);
        ushort id = rig.Take(Commands.DmaRead, 0, 8);
        rig.Reply(id, Commands.DmaRead, what switch
        {
            "address" => Payloads.Memory(MessageDmaRig.At + 1, 8, new byte[8]),
            "count" => Payloads.Memory(MessageDmaRig.At, 9, new byte[8]),
            "short" => Payloads.Memory(MessageDmaRig.At, 8, new byte[7]),
            "long" => Payloads.Memory(MessageDmaRig.At, 8, new byte[9]),
            "empty" => [],
            _ => new byte[15],
        });
        (await read.Soon()).ShouldBeFalse();
        rig.Client.ShouldEnd();
        rig.Rig.ShouldLog("it answered a read of its memory with something else");
        rig.Rig.Server.Statistics.Faults.ShouldBe(1);
        rig.Rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public async Task A_write_that_is_answered_with_something_else_ends_the_connection()
    {
        await using var rig = new MessageDmaRig(isTwin: false);
        Task<bool> write = rig.WriteAsync(0, [1]);
        rig.Reply(rig.Take(Commands.DmaWrite, 0, 1, [1]), Commands.DmaWrite, Payloads.Memory(MessageDmaRig.At + 4, 1));
        (await write.Soon()).ShouldBeFalse();
        rig.Client.ShouldEnd();
        rig.Rig.ShouldLog("it answered a write to its memory with something else");
    }

    [Theory]
    [InlineData(false, "it replied to what nobody asked")]
    [InlineData(true, "it sent something else than replies where only those may come")]
    public async Task A_reply_by_another_id_ends_the_connection(bool isTwin, string reason)
    {
        await using var rig = new MessageDmaRig(isTwin);
        Task<bool> read = rig.ReadAsync(0, new byte[8]);
        ushort id = rig.Take(Commands.DmaRead, 0, 8);
        rig.Reply((ushort)(id + 1), Commands.DmaRead, Payloads.Memory(MessageDmaRig.At, 8, new byte[8]));
        (await read.Soon()).ShouldBeFalse();
        rig.Client.ShouldEnd();
        rig.Rig.ShouldLog(reason);
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_does_not_reply_is_not_waited_for_for_ever(bool isTwin)
    {
        foreach (bool inHandler in (bool[])[false, true])
        {
            await using var rig = new MessageDmaRig(isTwin, limits: Short);
            rig.Rig.Model.Writes = (_, _, _, _) => rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At), new byte[8]).ShouldBeFalse();
            Task<bool> read = inHandler ? Task.FromResult(false) : rig.ReadAsync(0, new byte[8]);
            if (inHandler)
            {
                rig.Client.Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, new byte[4]));
            }

            rig.Take(Commands.DmaRead, 0, 8);
            (await read.Soon()).ShouldBeFalse();
            rig.Rig.ShouldLog("it did not reply within 0.1 s");
            rig.Rig.Server.Statistics.Faults.ShouldBe(1);
            rig.Rig.Greeted().ShouldBeServed();
        }
    }

    [Theory]
    [InlineData(false)]
    [InlineData(true)]
    public async Task A_client_that_leaves_while_it_is_waited_for_has_left_and_no_more(bool isTwin)
    {
        foreach (bool inHandler in (bool[])[false, true])
        {
            await using var rig = new MessageDmaRig(isTwin);
            var results = new List<bool>();
            rig.Rig.Model.Writes = (_, _, _, _) =>
            {
                results.Add(rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At), new byte[8]));
                results.Add(rig.Rig.Model.SystemMemory.TryWrite(new Iova(MessageDmaRig.At), new byte[8]));
            };
            Task<bool> read = inHandler ? Task.FromResult(false) : rig.ReadAsync(0, new byte[8]);
            if (inHandler)
            {
                rig.Client.Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, new byte[4]));
            }

            rig.Take(Commands.DmaRead, 0, 8);
            rig.Client.Dispose();
            if (isTwin)
            {
                rig.Commanded.Dispose();
            }

            (await read.Soon()).ShouldBeFalse();
            rig.Rig.ShouldLog("is gone: it closed");
            results.ShouldBe(inHandler ? [false, false] : []);
            rig.Rig.Server.Statistics.Faults.ShouldBe(0);
            rig.Rig.Greeted().ShouldBeServed();
        }
    }

    [Fact]
    public async Task Who_floods_with_commands_while_it_is_waited_for_ends_its_connection()
    {
        await using var rig = new MessageDmaRig(isTwin: false, limits: new VfioUserLimits { MaxDataTransfer = 4096, MaxQueuedBytes = 4096 });
        rig.Rig.Model.Writes = (_, _, _, _) => rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At), new byte[8]);
        rig.Client.Post(Commands.RegionWrite, Payloads.Region(0, 0, 4, new byte[4]));
        rig.Take(Commands.DmaRead, 0, 8);
        byte[] commands = [.. Enumerable.Repeat(RawPeer.Message(1, Commands.GetInfo, Payloads.GetInfo()), 10_000).SelectMany(message => message)];
        rig.Client.TrySend(commands);
        rig.Rig.ShouldLog("wait to be worked off");
        rig.Rig.Greeted().ShouldBeServed();
    }

    [Fact]
    public async Task A_socket_for_the_server_s_commands_takes_no_other_message()
    {
        foreach (uint flags in (uint[])[0, RawPeer.NoReply])
        {
            await using var rig = new MessageDmaRig(isTwin: true);
            Task<bool> read = rig.ReadAsync(0, new byte[8]);
            rig.Take(Commands.DmaRead, 0, 8);
            rig.Commanded.Send(RawPeer.Message(1, Commands.GetInfo, Payloads.GetInfo(), flags));
            (await read.Soon()).ShouldBeFalse();
            rig.Client.ShouldEnd();
        }
    }

    [Fact]
    public async Task What_the_function_may_not_do_is_not_asked_for()
    {
        await using var rig = new MessageDmaRig(isTwin: false);
        rig.Client.Do(Commands.DmaMap, Payloads.DmaMap(0x1000, 4096, flags: 1));
        rig.Client.Do(Commands.DmaMap, Payloads.DmaMap(0x2000, 4096, flags: 2));
        rig.Rig.Model.SystemMemory.TryWrite(new Iova(0x1000), new byte[1]).ShouldBeFalse();
        rig.Rig.Model.SystemMemory.TryRead(new Iova(0x2000), new byte[1]).ShouldBeFalse();
        rig.Rig.Model.SystemMemory.TryLease(new Iova(MessageDmaRig.At), 8, DmaAccess.Read, out _).ShouldBeFalse();
        rig.Rig.Server.Statistics.MemoryMessages.ShouldBe(0);
        rig.Client.Do(Commands.DmaUnmap, Payloads.DmaUnmap(MessageDmaRig.At, MessageDmaRig.Length));
        rig.Rig.Model.SystemMemory.TryRead(new Iova(MessageDmaRig.At), new byte[1]).ShouldBeFalse();
        rig.Rig.Server.Statistics.MemoryMessages.ShouldBe(0);
    }
}
