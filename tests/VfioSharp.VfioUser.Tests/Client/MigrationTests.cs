using VfioSharp.Devices;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Samples;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>A function is saved from one server and restored into another, by the library's own client.</summary>
public sealed class MigrationTests : IAsyncDisposable
{
    private readonly List<IAsyncDisposable> open = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private static ulong Page => Layouts.Page;

    public async ValueTask DisposeAsync()
    {
        for (int i = open.Count - 1; i >= 0; i--)
        {
            await open[i].DisposeAsync();
        }
    }

    [Fact]
    public async Task Registers_memory_of_BARs_and_the_author_s_part_are_what_they_were()
    {
        MigrationRig from = await StartAsync();
        from.Model.Value = 0x0123_4567_89AB_CDEF;
        from.Bar.Registers.Write32((2 * Page) + 4, 0xCAFE_F00D); // memory, mapped
        from.Bar.Registers.Write64((4 * Page) - 8, ulong.MaxValue - 1);
        from.Function.Configuration.Write8(0x3C, 0x5A); // Interrupt Line, which only software uses
        MigrationRig to = await StartAsync();
        to.Model.Value = 99;
        to.Bar.Registers.Write32((2 * Page) + 8, 0xFFFF_FFFF); // is to be gone

        await to.Migration.RestoreAsync(await from.SaveAsync(), Stop).Soon();
        await to.Migration.ResumeAsync(Stop).Soon();

        to.Model.Value.ShouldBe(0x0123_4567_89AB_CDEFul);
        to.Bar.Registers.Read32((2 * Page) + 4).ShouldBe(0xCAFE_F00Du);
        to.Bar.Registers.Read32((2 * Page) + 8).ShouldBe(0u);
        to.Bar.Registers.Read64((4 * Page) - 8).ShouldBe(ulong.MaxValue - 1);
        Words(to.Function.Configuration).ShouldBe(Words(from.Function.Configuration));
        to.Function.Configuration.Read8(0x3C).ShouldBe((byte)0x5A);
    }

    [Fact]
    public async Task The_table_and_pending_interrupts_come_along()
    {
        MigrationRig from = await StartAsync();
        byte[] entry = [0x00, 0xF0, 0xE0, 0xFE, 0, 0, 0, 0, 0x31, 0, 0, 0, 0, 0, 0, 0];
        from.Model.Core.Write(2, 16, entry); // entry 1, written by whoever owns the table
        from.Model.Raise(3); // nobody listens: it is pending (PCIe 6.0, 7.7.2.4)
        MigrationRig to = await StartAsync();
        byte[] expected = new byte[16 * Layouts.Vectors];
        from.Model.Core.Read(2, 0, expected);
        expected[16..32].ShouldBe(entry);

        await to.Migration.RestoreAsync(await from.SaveAsync(), Stop).Soon();
        await to.Migration.ResumeAsync(Stop).Soon();

        byte[] table = new byte[expected.Length];
        to.Model.Core.Read(2, 0, table);
        table.ShouldBe(expected);
        to.Model.Core.Interrupts.Msix!.Pending.ToArray().ShouldBe([0b1000ul]);

        // Whoever enables the vector there has the interrupt that was raised here; of the others none.
        using MsixVectors vectors = await to.Function.EnableMsixAsync(Layouts.Vectors, Stop);
        to.Model.Core.Write(2, (3 * 16) + 12, new byte[4]); // its mask is off
        await vectors[3].WaitAsync(Stop).Soon();
        Task other = vectors[1].WaitAsync(Stop).AsTask();
        Events.Deliver();
        other.IsCompleted.ShouldBeFalse();
        to.Model.Raise(1);
        to.Model.Core.Write(2, 16 + 12, new byte[4]);
        await other.Soon();
    }

    [Fact]
    public async Task What_is_stopped_does_not_answer_and_what_is_resumed_does()
    {
        MigrationRig rig = await StartAsync();
        rig.Model.Reads = (_, _, _) => 0x1234;
        rig.Bar.Registers.Read32(0x10).ShouldBe(0x1234u);
        await rig.Migration.StopAsync(Stop).Soon();
        rig.Bar.Registers.Read32(0x10).ShouldBe(uint.MaxValue);
        rig.Function.IsLost.ShouldBeFalse();
        rig.Function.Configuration.Read16(0).ShouldBe((ushort)0x1234);
        await rig.Migration.ResumeAsync(Stop).Soon();
        rig.Bar.Registers.Read32(0x10).ShouldBe(0x1234u);
        rig.Model.Calls.Where(call => call is "quiesce" or "resume").ShouldBe(["quiesce", "resume"]);
    }

    [Fact]
    public async Task A_saved_function_stays_stopped_and_can_go_on_where_it_is()
    {
        MigrationRig rig = await StartAsync();
        byte[] once = (await rig.SaveAsync()).ToArray();
        rig.Bar.Registers.Read32(0x10).ShouldBe(uint.MaxValue);
        (await rig.SaveAsync()).ToArray().ShouldBe(once);
        await rig.Migration.ResumeAsync(Stop).Soon();
        rig.Bar.Registers.Read32(0x10).ShouldBe(0u);
    }

    [Theory]
    [InlineData(4096)]
    [InlineData(5000)]
    [InlineData(1 << 20)]
    public async Task The_state_is_the_same_in_pieces_of_any_size(int piece)
    {
        MigrationRig from = await StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = piece } });
        for (ulong offset = 2 * Page; offset < 4 * Page; offset += 8)
        {
            from.Bar.Registers.Write64(offset, offset * 0x9E37_79B9_7F4A_7C15);
        }

        MemoryStream state = await from.SaveAsync();
        state.Length.ShouldBeGreaterThan((long)(2 * Page));
        MigrationRig to = await StartAsync(serving: new VfioUserServerOptions { Limits = new VfioUserLimits { MaxDataTransfer = piece } });
        await to.Migration.RestoreAsync(new TricklingStream(state.ToArray(), 777), Stop).Soon();
        await to.Migration.ResumeAsync(Stop).Soon();
        for (ulong offset = 2 * Page; offset < 4 * Page; offset += 8)
        {
            to.Bar.Registers.Read64(offset).ShouldBe(offset * 0x9E37_79B9_7F4A_7C15);
        }
    }

    [Fact]
    public async Task A_state_whose_length_is_a_whole_number_of_pieces_ends_where_it_ends()
    {
        // Found out from the state itself, which is as long wherever it is saved.
        long length = (await (await StartAsync()).SaveAsync()).Length;
        length.ShouldBeGreaterThan(4096);
        MigrationRig exact = await StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = (int)length } });
        (await exact.SaveAsync()).Length.ShouldBe(length);
    }

    [Theory]
    [InlineData(0)] // nothing at all
    [InlineData(1)] // cut off
    [InlineData(2)] // altered
    [InlineData(3)] // goes on
    public async Task A_state_that_is_none_is_refused_and_a_reset_brings_the_function_back(int wrong)
    {
        MigrationRig rig = await StartAsync();
        rig.Model.Value = 7;
        byte[] state = (await rig.SaveAsync()).ToArray();
        state = wrong switch
        {
            0 => [],
            1 => state[..^1],
            2 => [.. state[..100], (byte)(state[100] ^ 1), .. state[101..]],
            _ => [.. state, 0],
        };
        PciException refused = await Should.ThrowAsync<PciException>(async () => await rig.Migration.RestoreAsync(new MemoryStream(state), Stop).Soon());
        refused.ErrorNumber.ShouldBe((int)Errno.EINVAL);
        refused.Message.ShouldBe($"{rig.Function.Name} refuses (EINVAL); the server's log may say why");
        rig.Server.ShouldLog("its migration failed: the state is cut off, or altered");
        rig.Model.Value.ShouldBe(7ul);
        await Should.ThrowAsync<PciException>(async () => await rig.Migration.ResumeAsync(Stop).Soon());

        await rig.Function.ResetAsync(Stop).AsTask().Soon();
        rig.Bar.Registers.Read32(0x10).ShouldBe(0u);
        (await rig.SaveAsync()).Length.ShouldBeGreaterThan(4096);
    }

    [Fact]
    public async Task Another_layout_s_state_is_refused()
    {
        MigrationRig from = await StartAsync();
        MigrationRig to = await StartAsync(Layouts.Whole with { MsiVectors = 8 });
        MemoryStream state = await from.SaveAsync();
        (await Should.ThrowAsync<PciException>(async () => await to.Migration.RestoreAsync(state, Stop).Soon())).ErrorNumber.ShouldBe((int)Errno.EINVAL);
        to.Server.ShouldLog("the state is another layout's");
    }

    [Fact]
    public async Task What_its_author_refuses_is_refused()
    {
        MigrationRig from = await StartAsync();
        MigrationRig to = await StartAsync();
        to.Model.Checks = _ => throw new InvalidDataException("not by me");
        MemoryStream state = await from.SaveAsync();
        await Should.ThrowAsync<PciException>(async () => await to.Migration.RestoreAsync(state, Stop).Soon());
        to.Server.ShouldLog("its migration failed: not by me");
    }

    [Fact]
    public async Task A_state_longer_than_the_client_takes_is_not_read_to_its_end()
    {
        MigrationRig rig = await StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = 4096, MaxStateBytes = 4096 } });
        using var state = new MemoryStream();
        (await Should.ThrowAsync<VfioUserProtocolException>(async () => await rig.Migration.SaveAsync(state, Stop).Soon()))
            .Message.ShouldBe($"{rig.Function.Name} gives a state of more than the 4096 bytes that it may have");
        state.Length.ShouldBe(4096);
    }

    [Fact]
    public async Task A_function_that_cannot_be_taken_anywhere_says_so()
    {
        await using var server = new ServerRig(Layouts.Whole with { CanMigrate = false });
        await using PciFunction function = await VfioUserClient.ConnectAsync(server.Path, stop: Stop);
        (await Should.ThrowAsync<NotSupportedException>(async () => await FunctionMigration.OfAsync(function, Stop)))
            .Message.ShouldBe($"{function.Name} cannot be taken to another process");
        await using PciFunction local = Loopback.Attach(new Tally());
        await Should.ThrowAsync<NotSupportedException>(async () => await FunctionMigration.OfAsync(local, Stop));
    }

    [Fact]
    public async Task What_is_given_up_before_it_began_has_changed_nothing()
    {
        MigrationRig rig = await StartAsync();
        var given = new CancellationToken(canceled: true);
        using var state = new MemoryStream(new byte[10]);
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.StopAsync(given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.ResumeAsync(given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.SaveAsync(state, given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.RestoreAsync(state, given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.StartLogAsync([], given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.StopLogAsync(given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.ReadLogAsync(new IovaRange(new Iova(0), new Iova(4095)), given));
        await Should.ThrowAsync<OperationCanceledException>(async () => await FunctionMigration.OfAsync(rig.Function, given));
        rig.Bar.Registers.Read32(0x10).ShouldBe(0u);
        rig.Model.Calls.ShouldNotContain("quiesce");
    }

    [Fact]
    public async Task Saving_that_is_given_up_on_the_way_leaves_a_function_that_can_go_on()
    {
        MigrationRig rig = await StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = 4096 } });
        rig.Bar.Registers.Write64(2 * Page, 1);
        using var giveUp = new CancellationTokenSource();
        using var destination = new CancellingStream(giveUp);
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.SaveAsync(destination, giveUp.Token).Soon());
        destination.Length.ShouldBe(4096);
        rig.Bar.Registers.Read32(0x10).ShouldBe(uint.MaxValue);
        await rig.Migration.ResumeAsync(Stop).Soon();
        rig.Bar.Registers.Read32(0x10).ShouldBe(0u);
    }

    [Fact]
    public async Task Restoring_that_is_given_up_on_the_way_leaves_a_function_to_be_reset()
    {
        MigrationRig rig = await StartAsync(driving: new VfioUserClientOptions { Limits = new VfioUserLimits { MaxDataTransfer = 4096 } });
        byte[] state = (await rig.SaveAsync()).ToArray();
        rig.Model.Value = 5;
        using var giveUp = new CancellationTokenSource();
        using var source = new CancellingStream(giveUp);
        source.Write(state);
        source.Position = 0;
        await Should.ThrowAsync<OperationCanceledException>(async () => await rig.Migration.RestoreAsync(source, giveUp.Token).Soon());
        rig.Model.Value.ShouldBe(5ul);
        await rig.Function.ResetAsync(Stop).AsTask().Soon();
        await rig.Migration.RestoreAsync(new MemoryStream(state), Stop).Soon();
        await rig.Migration.ResumeAsync(Stop).Soon();
        rig.Model.Value.ShouldBe(0ul);
    }

    [Fact]
    public async Task Where_the_server_ends_on_the_way_the_function_is_lost()
    {
        MigrationRig rig = await StartAsync();
        await rig.Server.Server.DisposeAsync().Soon();
        Patience.Until(() => rig.Function.IsLost);
        await Should.ThrowAsync<DeviceLostException>(async () => await rig.Migration.StopAsync(Stop).Soon());
        await Should.ThrowAsync<DeviceLostException>(async () => await rig.Migration.SaveAsync(new MemoryStream(), Stop).Soon());
        await Should.ThrowAsync<DeviceLostException>(async () => await FunctionMigration.OfAsync(rig.Function, Stop).Soon());
    }

    [Fact]
    public async Task Tally_goes_on_counting_in_another_process_s_place()
    {
        await using ServedTally one = await ServedTally.StartAsync();
        await using ServedTally other = await ServedTally.StartAsync();
        one.Registers.Write64(0x18, 100); // goal
        one.Registers.Write32(0x10, 60);
        using var state = new MemoryStream();
        await one.Migration.SaveAsync(state, Stop).Soon();
        state.Position = 0;
        await other.Migration.RestoreAsync(state, Stop).Soon();
        await other.Migration.ResumeAsync(Stop).Soon();
        other.Registers.Read64(0x08).ShouldBe(60ul);
        using MsixVectors vectors = await other.Function.EnableMsixAsync(1, Stop);
        other.Registers.Write32(0x10, 39);
        Task reached = vectors[0].WaitAsync(Stop).AsTask();
        Events.Deliver();
        reached.IsCompleted.ShouldBeFalse();
        other.Registers.Write32(0x10, 1);
        await reached.Soon();
        other.Registers.Read64(0x08).ShouldBe(100ul);
    }

    [Theory]
    [InlineData(0)]
    [InlineData(8)]
    public async Task A_state_that_is_not_Tally_s_is_refused_by_it(int length)
    {
        var tally = new Tally();
        using var source = new MemoryStream(new byte[length]);
        await Should.ThrowAsync<InvalidDataException>(async () => await tally.CallRestoreAsync(source, Stop));
    }

    private static uint[] Words(Devices.Access.ConfigurationRegisters space) => [.. Enumerable.Range(0, space.Length / 4).Select(word => space.Read32(4 * word))];

    private async Task<MigrationRig> StartAsync(
        Devices.Emulation.FunctionLayout? layout = null, VfioUserServerOptions? serving = null, VfioUserClientOptions? driving = null)
    {
        MigrationRig rig = await MigrationRig.StartAsync(layout, serving, driving);
        open.Add(rig);
        return rig;
    }
}
