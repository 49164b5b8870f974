using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>The states of migration and the ways between them, as the specification has them for a server without pre-copy.</summary>
public sealed class MigrationTests : IAsyncDisposable
{
    private const uint Failed = 0;
    private const uint Stopped = 1;
    private const uint Running = 2;
    private const uint StopCopy = 3;
    private const uint Resuming = 4;

    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public MigrationTests() => client = rig.Greeted();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    public static TheoryData<uint, uint> Ways => new(
        from one in (uint[])[Stopped, Running, StopCopy, Resuming] from other in (uint[])[Stopped, Running, StopCopy, Resuming] select (one, other));

    [Theory, MemberData(nameof(Ways))]
    public void Every_state_is_reached_from_every_other(uint from, uint to)
    {
        byte[] saved = SaveAll(1 << 20);
        Go(Running);
        Go(from);
        if (from == Resuming)
        {
            client.Do(Commands.MigDataWrite, Payloads.MigData((uint)saved.Length, saved));
        }

        byte[] request = Payloads.State(to);
        client.ShouldAnswer(Commands.Feature, request, request);
        State().ShouldBe(to);
        client.Call(Commands.RegionRead, Payloads.Region(0, 0, 4)).Error.ShouldBe(to == Running ? Errno.None : Errno.EIO);
        client.Call(Commands.MigDataRead, Payloads.MigData(1)).Error.ShouldBe(to == StopCopy ? Errno.None : Errno.EINVAL);
        client.Call(Commands.MigDataWrite, Payloads.MigData(1, [0])).Error.ShouldBe(to == Resuming ? Errno.None : Errno.EINVAL);
    }

    [Theory]
    [InlineData(Stopped)]
    [InlineData(Running)]
    [InlineData(StopCopy)]
    public void A_state_that_was_not_delivered_cannot_be_taken_over(uint to)
    {
        Go(Resuming);
        client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.State(to));
        State().ShouldBe(Failed);
    }

    [Fact]
    public void The_function_is_quiet_while_it_is_stopped()
    {
        Go(StopCopy);
        rig.Model.Calls.ShouldBe(["quiesce"]);
        Go(Stopped);
        Go(Resuming);
        Go(Resuming);
        rig.Model.Calls.ShouldBe(["quiesce"]); // once is enough
        client.Write(7, 0x3C, 0x12);
        client.Read(7, 0x3C, 1).ShouldBe([0x12]); // configuration space answers
        client.ShouldRefuse(Errno.EIO, Commands.RegionWrite, Payloads.Region(0, 0, 4, new byte[4]));
        rig.Model.Calls.ShouldBe(["quiesce"]);
    }

    [Fact]
    public void Memory_can_be_taken_from_a_stopped_function_and_it_stays_stopped()
    {
        client.Do(Commands.DmaMap, Payloads.DmaMap(0x1000, 0x1000));
        Go(Stopped);
        client.Do(Commands.DmaUnmap, Payloads.DmaUnmap(0x1000, 0x1000));
        rig.Model.Calls.ShouldBe(["quiesce"]);
        Go(Running);
        rig.Model.Calls.ShouldBe(["quiesce", "resume"]);
    }

    [Theory]
    [InlineData(Failed)]
    [InlineData(5u)] // RUNNING_P2P
    [InlineData(6u)] // PRE_COPY
    [InlineData(7u)] // PRE_COPY_P2P
    [InlineData(8u)]
    [InlineData(uint.MaxValue)]
    public void A_state_that_nobody_can_ask_for_is_refused(uint state)
    {
        foreach (uint from in (uint[])[Running, Stopped, StopCopy])
        {
            Go(from);
            client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.State(state));
            State().ShouldBe(from);
        }
    }

    [Fact]
    public void A_state_is_read_as_a_stream_and_only_while_it_is_there()
    {
        rig.Model.Value = 0x1122334455667788;
        foreach (uint state in (uint[])[Running, Stopped, Resuming])
        {
            Go(state);
            client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(10));
            client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(0));
        }

        client.Do(Commands.Reset, []);
        rig.Model.Value = 0x1122334455667788;
        byte[] whole = SaveAll(1 << 20);
        whole.Length.ShouldBeGreaterThan(4096);
        Go(Running);
        byte[] pieces = SaveAll(1000);
        Go(Running);
        pieces.ShouldBe(whole);
        Go(StopCopy);
        client.ShouldAnswer(Commands.MigDataRead, Payloads.MigData(0), new Bytes().U32(8, 0));
        using RawMessage first = client.Call(Commands.MigDataRead, Payloads.MigData(100, argsz: 5000));
        first.Payload.ShouldBe([.. new Bytes().U32(108, 100).ToArray(), .. pieces[..100]]);
        Go(StopCopy);
        using RawMessage second = client.Call(Commands.MigDataRead, Payloads.MigData(100));
        second.Payload[8..].ShouldBe(pieces[100..200], "to stay where one is begins nothing anew");
    }

    [Fact]
    public void Sizes_of_a_piece_are_held_against_what_was_agreed_on()
    {
        Go(StopCopy);
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData((1 << 20) + 1));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(uint.MaxValue));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(100, argsz: 107));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(100, argsz: 0));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(uint.MaxValue - 4, argsz: 8));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(1, [1]));
        Go(Resuming);
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(2, [1]));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(1, [1, 2]));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(uint.MaxValue, [1]));
        client.ShouldAnswer(Commands.MigDataWrite, Payloads.MigData(0), []);
        client.ShouldAnswer(Commands.MigDataWrite, Payloads.MigData(3, [1, 2, 3]), []);
        foreach (uint state in (uint[])[Running, Stopped])
        {
            client.Do(Commands.Reset, []);
            Go(state);
            client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(1, [1]));
        }
    }

    [Fact]
    public async Task A_client_that_takes_little_at_once_reads_little_at_once()
    {
        await using var other = new ServerRig();
        RawClient modest = other.Greeted("""{"capabilities":{"max_data_xfer_size":500}}""");
        modest.Do(Commands.Feature, Payloads.State(StopCopy));
        modest.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(501));
        using RawMessage piece = modest.Call(Commands.MigDataRead, Payloads.MigData(500));
        piece.Payload.Length.ShouldBe(508);
    }

    [Fact]
    public async Task A_state_longer_than_may_be_is_neither_saved_nor_taken()
    {
        await using var small = new ServerRig(options: new VfioUserServerOptions { Limits = new VfioUserLimits { MaxStateBytes = 1000 } });
        RawClient other = small.Greeted();
        other.ShouldRefuse(Errno.ENOSPC, Commands.Feature, Payloads.State(StopCopy));
        small.ShouldLog("where 1000 may be");
        other.Call(Commands.Feature, Payloads.Feature(Payloads.DeviceState | Payloads.Get, argsz: 16)).U32(8).ShouldBe(Stopped);
        other.Do(Commands.Feature, Payloads.State(Resuming));
        other.Do(Commands.MigDataWrite, Payloads.MigData(600, new byte[600]));
        other.ShouldRefuse(Errno.ENOSPC, Commands.MigDataWrite, Payloads.MigData(401, new byte[401]));
        other.Do(Commands.MigDataWrite, Payloads.MigData(400, new byte[400]));
        other.ShouldRefuse(Errno.ENOSPC, Commands.MigDataWrite, Payloads.MigData(1, new byte[1]));
    }

    [Fact]
    public void A_function_that_has_failed_is_brought_back_by_a_reset_alone()
    {
        Go(Resuming);
        client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.State(Running));
        State().ShouldBe(Failed);
        rig.ShouldLog("its migration failed: the state is cut off, or altered");
        foreach (uint state in (uint[])[Failed, Stopped, Running, StopCopy, Resuming])
        {
            client.ShouldRefuse(Errno.EINVAL, Commands.Feature, Payloads.State(state));
        }

        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataRead, Payloads.MigData(1));
        client.ShouldRefuse(Errno.EINVAL, Commands.MigDataWrite, Payloads.MigData(1, [1]));
        client.Call(Commands.RegionRead, Payloads.Region(0, 0, 4)).Error.ShouldBe(Errno.EIO);
        client.Do(Commands.Reset, []);
        State().ShouldBe(Running);
        client.Read(0, 0, 4);
        Go(StopCopy);
    }

    [Fact]
    public void A_reset_by_the_function_s_own_register_makes_it_run_too()
    {
        Go(Stopped);
        client.Write(7, client.FindCapability(0x10) + 9, 0x80);
        Patience.Until(() => rig.Model.Calls.Contains("resume"));
        Patience.Until(() => State() == Running);
        client.Read(0, 0, 4);
    }

    [Fact]
    public void The_next_client_finds_the_function_running()
    {
        Go(Resuming);
        client.Do(Commands.MigDataWrite, Payloads.MigData(100, new byte[100]));
        client.Dispose();
        RawClient next = rig.Greeted();
        next.Call(Commands.Feature, Payloads.Feature(Payloads.DeviceState | Payloads.Get, argsz: 16)).U32(8).ShouldBe(Running);
        next.Read(0, 0, 4);
    }

    private void Go(uint state) => client.Do(Commands.Feature, Payloads.State(state));

    private uint State() => client.Call(Commands.Feature, Payloads.Feature(Payloads.DeviceState | Payloads.Get, argsz: 16)).U32(8);

    private byte[] SaveAll(uint piece)
    {
        Go(StopCopy);
        var state = new List<byte>();
        while (true)
        {
            using RawMessage reply = client.Call(Commands.MigDataRead, Payloads.MigData(piece));
            reply.U32(0).ShouldBe(8 + reply.U32(4));
            state.AddRange(reply.Payload[8..]);
            if (reply.U32(4) < piece)
            {
                return [.. state];
            }
        }
    }
}
