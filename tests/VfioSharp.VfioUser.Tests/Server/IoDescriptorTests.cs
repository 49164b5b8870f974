using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>Doorbells that are rung by descriptors instead of messages (DEVICE_GET_REGION_IO_FDS).</summary>
public sealed class IoDescriptorTests : IAsyncDisposable
{
    private const uint DataMatch = 1;
    private const uint Ports = 2;

    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public IoDescriptorTests() => client = rig.Greeted();

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Fact]
    public void Who_has_room_for_less_is_told_how_much_it_takes()
    {
        foreach (uint argsz in (uint[])[16, 17, 56, 175])
        {
            client.ShouldAnswer(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, argsz), new Bytes().U32(176, 0, 0, 4));
        }
    }

    [Theory]
    [InlineData(176)]
    [InlineData(uint.MaxValue)]
    public void Each_doorbell_has_a_descriptor(uint argsz)
    {
        using RawMessage reply = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, argsz));
        reply.Payload.ShouldBe(
        [
            .. new Bytes().U32(176, 0, 0, 4).ToArray(), .. Bell(0x800, 4, 0, 0, 0), .. Bell(0x808, 2, 1, DataMatch, 0x11), .. Bell(0x808, 2, 2, DataMatch, 0x22),
            .. Bell(0x810, 8, 3, 0, 0),
        ]);
        reply.Files.Length.ShouldBe(4);
    }

    [Fact]
    public void A_doorbell_among_ports_says_so()
    {
        using RawMessage reply = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(3, 56));
        reply.Payload.ShouldBe([.. new Bytes().U32(56, 0, 3, 1).ToArray(), .. Bell(4, 1, 0, DataMatch | Ports, 7)]);
        reply.Files.Length.ShouldBe(1);
    }

    [Theory]
    [InlineData(1)]
    [InlineData(2)]
    [InlineData(7)]
    [InlineData(8)]
    public void A_region_without_doorbells_has_none(uint index) =>
        client.ShouldAnswer(Commands.GetRegionIoFds, Payloads.RegionIoFds(index, 1000), new Bytes().U32(16, 0, index, 0));

    [Theory]
    [InlineData(9u, 1000u, 0u, 0u)]
    [InlineData(uint.MaxValue, 1000u, 0u, 0u)]
    [InlineData(0u, 15u, 0u, 0u)]
    [InlineData(0u, 0u, 0u, 0u)]
    [InlineData(0u, 1000u, 1u, 0u)]
    [InlineData(0u, 1000u, 0u, 1u)]
    public void A_field_that_cannot_be_is_refused(uint index, uint argsz, uint flags, uint count) =>
        client.ShouldRefuse(Errno.EINVAL, Commands.GetRegionIoFds, Payloads.RegionIoFds(index, argsz, flags, count));

    [Fact]
    public void A_signal_rings_as_a_write_does()
    {
        using RawMessage reply = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 176));
        foreach (FileDescriptor file in reply.Files)
        {
            new EventFd(file).Signal().ShouldBe(Errno.None);
            int rings = Array.IndexOf(reply.Files, file) + 1;
            Patience.Until(() => rig.Model.Calls.Count == rings);
        }

        client.Write32(0, 0x800, 99);
        client.Write(0, 0x808, 0x22, 0);
        client.Write(0, 0x808, 0x33, 0); // nobody's value
        rig.Model.Calls.ShouldBe(["ring 0:800 ", "ring 0:808 17", "ring 0:808 34", "ring 0:810 ", "ring 0:800 ", "ring 0:808 34", "write 2 at 0:808 = 33"]);
        rig.Server.Statistics.RegionWrites[0].ShouldBe(3, "descriptors cost no message");
    }

    [Fact]
    public void Who_asks_again_is_given_the_same()
    {
        using RawMessage first = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 176));
        using RawMessage second = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 176));
        for (int i = 0; i < 4; i++)
        {
            OpenFiles.CountOf(first.Files[i]).ShouldBe(3, "two of the client's and the server's own");
        }
    }

    [Fact]
    public void Who_takes_few_descriptors_is_given_few()
    {
        client.Dispose();
        using RawMessage reply = rig.Greeted("""{"capabilities":{"max_msg_fds":2}}""").Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 1000));
        (reply.U32(0), reply.U32(12), reply.Files.Length).ShouldBe((96u, 2u, 2));
    }

    [Fact]
    public void Who_takes_none_is_given_none()
    {
        client.Dispose();
        rig.Greeted("""{"capabilities":{"max_msg_fds":0}}""").ShouldAnswer(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 1000), new Bytes().U32(16, 0, 0, 0));
    }

    [Fact]
    public async Task Nobody_is_given_more_than_the_kernel_lets_a_message_carry()
    {
        FunctionLayout layout = Layouts.Whole with
        {
            Bars = [BarLayout.Memory64(0, 4 * Layouts.Page) with { Doorbells = [.. Enumerable.Range(0, 300).Select(i => new Doorbell((ulong)i * 4, 4))] }],
        };
        await using var many = new ServerRig(layout);
        RawClient eager = many.Greeted("""{"capabilities":{"max_msg_fds":100000}}""");
        using RawMessage reply = eager.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 1 << 20));
        (reply.U32(0), reply.U32(12), reply.Files.Length).ShouldBe((16 + (40 * 253u), 253u, 253));
        eager.ShouldBeServed();
    }

    [Fact]
    public void A_function_that_does_not_answer_is_not_rung()
    {
        using RawMessage reply = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 176));
        client.Write(7, 4, 0, 0); // memory space off
        new EventFd(reply.Files[0]).Signal().ShouldBe(Errno.None);
        Events.Deliver();
        client.Write(7, 4, 2, 0);
        new EventFd(reply.Files[3]).Signal().ShouldBe(Errno.None);
        Patience.Until(() => !rig.Model.Calls.IsEmpty);
        rig.Model.Calls.ShouldBe(["ring 0:810 "]);
    }

    [Fact]
    public void A_client_that_is_gone_rings_no_more()
    {
        using RawMessage reply = client.Call(Commands.GetRegionIoFds, Payloads.RegionIoFds(0, 176));
        client.Dispose();
        Patience.Until(() => OpenFiles.CountOf(reply.Files[0]) == 1);
        new EventFd(reply.Files[0]).Signal().ShouldBe(Errno.None);
        Events.Deliver();
        rig.Model.Calls.ShouldNotContain("ring 0:800 ");
    }

    private static byte[] Bell(ulong offset, ulong size, uint descriptor, uint flags, ulong match) =>
        new Bytes().U64(offset, size).U32(descriptor, 0, flags, 0).U64(match);
}
