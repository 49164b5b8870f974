using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>REGION_READ, REGION_WRITE and REGION_WRITE_MULTI.</summary>
public sealed class RegionAccessTests : IAsyncDisposable
{
    private const uint MaxTransfer = 1 << 20;

    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public RegionAccessTests()
    {
        rig.Model.Reads = (_, offset, width) => 0x8877665544332211 + offset;
        client = rig.Greeted();
    }

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(1, "11")]
    [InlineData(2, "1122")]
    [InlineData(4, "11223344")]
    [InlineData(8, "1122334455667788")]
    public void A_register_is_read_and_written_at_once(uint width, string bytes)
    {
        byte[] data = Convert.FromHexString(bytes);
        client.ShouldAnswer(Commands.RegionRead, Payloads.Region(0, 0, width), Payloads.Region(0, 0, width, data));
        client.ShouldAnswer(Commands.RegionWrite, Payloads.Region(0, 0x20, width, data), Payloads.Region(0, 0x20, width));
        string value = Convert.ToHexStringLower([.. data.Reverse()]);
        rig.Model.Calls.ShouldBe([$"read {width} at 0:0", $"write {width} at 0:20 = {value}"]);
    }

    [Fact]
    public void What_is_not_aligned_is_reached_in_accesses_as_wide_as_can_be()
    {
        client.Read(0, 0x11, 15).Length.ShouldBe(15);
        client.Write(0, 0x26, 1, 2, 3);
        rig.Model.Calls.ShouldBe(["read 1 at 0:11", "read 2 at 0:12", "read 4 at 0:14", "read 8 at 0:18", "write 2 at 0:26 = 201", "write 1 at 0:28 = 3"]);
    }

    [Fact]
    public void Nothing_is_read_and_written_as_well()
    {
        client.ShouldAnswer(Commands.RegionRead, Payloads.Region(0, 0, 0), Payloads.Region(0, 0, 0));
        client.ShouldAnswer(Commands.RegionWrite, Payloads.Region(0, 4 * Layouts.Page, 0), Payloads.Region(0, 4 * Layouts.Page, 0));
        rig.Model.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void Configuration_space_is_a_region_of_bytes()
    {
        client.Read(7, 0, 4).ShouldBe([0x34, 0x12, 0x78, 0x56]);
        client.Read(7, 0x2B, 5).ShouldBe([0, 0xAA, 0xAA, 0xBB, 0xBB]);
        client.Read(7, 4096 - 16, 16).ShouldBe(new byte[16]);
        client.Write(7, 0x3C, 0x5A);
        client.Read(7, 0x3C, 1).ShouldBe([0x5A]);
    }

    [Fact]
    public async Task As_much_at_once_as_was_agreed_on()
    {
        var limits = new VfioUserLimits { MaxDataTransfer = 8192 };
        await using var small = new ServerRig(options: new VfioUserServerOptions { Limits = limits });
        RawClient other = small.Connect();
        using RawMessage answer = other.Greet();
        answer.Json.ShouldContain("\"max_data_xfer_size\":8192");
        byte[] data = [.. Enumerable.Range(0, 8192).Select(value => (byte)value)];
        other.ShouldAnswer(Commands.RegionWrite, Payloads.Region(0, 2 * Layouts.Page, 8192, data), Payloads.Region(0, 2 * Layouts.Page, 8192));
        other.ShouldAnswer(Commands.RegionRead, Payloads.Region(0, 2 * Layouts.Page, 8192), Payloads.Region(0, 2 * Layouts.Page, 8192, data));
        other.ShouldRefuse(Errno.EINVAL, Commands.RegionWrite, Payloads.Region(0, 0, 8193, new byte[8193]));
        other.ShouldRefuse(Errno.EINVAL, Commands.RegionRead, Payloads.Region(0, 0, 8193));
    }

    [Fact]
    public void Every_field_is_held_against_the_region()
    {
        ulong end = 4 * Layouts.Page;
        foreach ((uint region, ulong offset, uint count) in ((uint, ulong, uint)[])[
            (0, end, 1), (0, end - 1, 2), (0, 0, (uint)end + 1), (0, ulong.MaxValue, 1), (0, ulong.MaxValue - 3, 8), (0, 1UL << 63, 4), (0, 0, MaxTransfer + 1), (0, 0, uint.MaxValue),
            (0, 4, uint.MaxValue - 3), (1, 0, 1), (1, 0, 0), (6, 0, 1), (8, 0, 1), (9, 0, 1), (16, 0, 1), (uint.MaxValue, 0, 1), (7, 4096, 1), (7, 4093, 4), (3, 15, 2)])
        {
            client.ShouldRefuse(Errno.EINVAL, Commands.RegionRead, Payloads.Region(region, offset, count));
            client.ShouldRefuse(Errno.EINVAL, Commands.RegionWrite, Payloads.Region(region, offset, count, new byte[Math.Min(count, 100)]));
        }

        rig.Model.Calls.ShouldBeEmpty();
    }

    [Theory]
    [InlineData(0, 1)]
    [InlineData(4, 3)]
    [InlineData(4, 5)]
    [InlineData(4, 0)]
    public void As_many_bytes_are_written_as_are_said(uint count, int given)
    {
        client.ShouldRefuse(Errno.EINVAL, Commands.RegionWrite, Payloads.Region(0, 0, count, new byte[given]));
        rig.Model.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void A_read_brings_no_bytes()
    {
        client.ShouldRefuse(Errno.EINVAL, Commands.RegionRead, Payloads.Region(0, 0, 4, [0]));
        client.ShouldRefuse(Errno.EINVAL, Commands.RegionRead, Payloads.Region(0, 0, 4, new byte[4]));
    }

    [Fact]
    public void A_function_that_does_not_answer_is_told_by_an_error()
    {
        client.Write(7, 4, 0, 0); // neither memory nor ports
        client.ShouldRefuse(Errno.EIO, Commands.RegionRead, Payloads.Region(0, 0, 4));
        client.ShouldRefuse(Errno.EIO, Commands.RegionWrite, Payloads.Region(0, 0, 4, new byte[4]));
        client.ShouldRefuse(Errno.EIO, Commands.RegionRead, Payloads.Region(0, 2 * Layouts.Page, 4));
        client.ShouldRefuse(Errno.EIO, Commands.RegionRead, Payloads.Region(3, 0, 1));
        client.Write(7, 4, 1, 0);
        client.Read(3, 0, 1).ShouldBe([0x11]);
        client.ShouldRefuse(Errno.EIO, Commands.RegionRead, Payloads.Region(0, 0, 4));
    }

    [Fact]
    public void A_handler_that_throws_reads_as_all_ones_and_drops_writes()
    {
        rig.Model.Reads = (_, _, _) => throw new InvalidOperationException("the author's mistake");
        rig.Model.Writes = (_, _, _, _) => throw new InvalidOperationException("the author's mistake");
        rig.Model.Faulted += (_, _) => { };
        client.Read(0, 0, 4).ShouldBe([0xFF, 0xFF, 0xFF, 0xFF]);
        client.Write32(0, 0, 1);
        client.ShouldBeServed();
    }

    [Fact]
    public void Several_writes_are_made_in_order()
    {
        client.ShouldAnswer(
            Commands.WriteMulti,
            Payloads.WriteMulti(4, (0x20, 0, 4, 0xAABBCCDD11223344), (0x28, 0, 8, 0x8877665544332211), (0x30, 0, 0, 5), (0x3C, 7, 1, 0x5A)),
            new Bytes().U64(4));
        rig.Model.Calls.ShouldBe(["write 4 at 0:20 = 11223344", "write 8 at 0:28 = 8877665544332211"]);
        client.Read(7, 0x3C, 1).ShouldBe([0x5A]);
        client.ShouldAnswer(Commands.WriteMulti, Payloads.WriteMulti(0), new Bytes().U64(0));
        (rig.Server.Statistics.RegionWrites[0], rig.Server.Statistics.RegionWrites[7]).ShouldBe((3, 1));
    }

    [Theory]
    [InlineData(9u, 0UL, 4u)]
    [InlineData(1u, 0UL, 4u)]
    [InlineData(0u, ulong.MaxValue, 4u)]
    [InlineData(7u, 4093UL, 4u)]
    [InlineData(0u, 0UL, 9u)]
    [InlineData(0u, 0UL, uint.MaxValue)]
    public void Several_writes_end_at_the_first_that_cannot_be_made(uint region, ulong offset, uint count)
    {
        client.ShouldAnswer(Commands.WriteMulti, Payloads.WriteMulti(3, (0x20, 0, 4, 1), (offset, region, count, 2), (0x28, 0, 4, 3)), new Bytes().U64(1));
        rig.Model.Calls.ShouldBe(["write 4 at 0:20 = 1"]);
        client.ShouldRefuse(Errno.EINVAL, Commands.WriteMulti, Payloads.WriteMulti(2, (offset, region, count, 2), (0x28, 0, 4, 3)));
        rig.Model.Calls.Count.ShouldBe(1);
    }

    [Theory]
    [InlineData(0UL, 1, 0)]
    [InlineData(1UL, 0, 0)]
    [InlineData(2UL, 1, 0)]
    [InlineData(1UL, 1, 1)]
    [InlineData(1UL, 1, -1)]
    [InlineData(ulong.MaxValue, 1, 0)]
    [InlineData(0x5555555555555556UL, 1, 0)] // 24 times as many are 16 bytes
    public void As_many_writes_are_made_as_are_said(ulong count, int given, int more)
    {
        byte[] payload = Payloads.WriteMulti(count, [.. Enumerable.Repeat((0UL, 0u, 4u, 1UL), given)]);
        Array.Resize(ref payload, payload.Length + more);
        client.ShouldRefuse(Errno.EINVAL, Commands.WriteMulti, payload);
        rig.Model.Calls.ShouldBeEmpty();
    }

    [Fact]
    public void Who_did_not_propose_it_makes_no_several_writes()
    {
        client.Dispose();
        rig.Greeted("""{"capabilities":{"write_multiple":false}}""").ShouldRefuse(Errno.EOPNOTSUPP, Commands.WriteMulti, Payloads.WriteMulti(1, (0, 0, 4, 1)));
        rig.Model.Calls.ShouldBe(["quiesce", "resume"], ignoreOrder: false, "the client before has left");
    }

    [Fact]
    public void Accesses_are_counted_by_region()
    {
        client.Read(0, 0, 4);
        client.Read(0, 0, 4);
        client.Read(7, 0, 4);
        client.Write32(0, 0, 4);
        client.Write(3, 0, 4);
        client.ShouldRefuse(Errno.EINVAL, Commands.RegionRead, Payloads.Region(9, 0, 4));
        VfioUserStatistics statistics = rig.Server.Statistics;
        statistics.RegionReads.ShouldBe([2, 0, 0, 0, 0, 0, 0, 1, 0]);
        statistics.RegionWrites.ShouldBe([1, 0, 0, 1, 0, 0, 0, 0, 0]);
        (statistics.Clients, statistics.Refusals, statistics.Messages, statistics.Faults).ShouldBe((1, 1, 7, 0));
    }
}
