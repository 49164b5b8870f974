using VfioSharp.Devices.Emulation;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Server;

/// <summary>What a function is made of: DEVICE_GET_INFO, DEVICE_GET_REGION_INFO and DEVICE_GET_IRQ_INFO.</summary>
public sealed class DescriptionTests : IAsyncDisposable
{
    private const uint ReadWrite = 3;
    private const uint Mappable = 1 << 2;
    private const uint HasCapabilities = 1 << 3;

    private readonly ServerRig rig = new();
    private readonly RawClient client;

    public DescriptionTests() => client = rig.Greeted();

    private static ulong Page => Layouts.Page;

    public ValueTask DisposeAsync() => rig.DisposeAsync();

    [Theory]
    [InlineData(16)]
    [InlineData(24)]
    [InlineData(uint.MaxValue)]
    public void The_device_is_a_PCI_function_that_can_be_reset(uint argsz) =>
        client.ShouldAnswer(Commands.GetInfo, Payloads.GetInfo(argsz), new Bytes().U32(16, 0b11, 9, 5));

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    public void Who_has_no_room_for_it_is_refused(uint argsz) => client.ShouldRefuse(Errno.EINVAL, Commands.GetInfo, Payloads.GetInfo(argsz));

    [Fact]
    public void A_longer_request_is_as_good() =>
        client.ShouldAnswer(Commands.GetInfo, new Bytes().U32(24, 7, 7, 7, 7, 7), new Bytes().U32(16, 3, 9, 5));

    [Theory]
    [InlineData(0u, 1u, 7u)] // INTx: eventfd, maskable, automasked
    [InlineData(1u, 4u, 3u)] // MSI: eventfd, maskable
    [InlineData(2u, 4u, 3u)] // MSI-X
    [InlineData(3u, 1u, 1u)] // error: eventfd
    [InlineData(4u, 1u, 1u)] // request
    public void A_way_of_interrupting_tells_its_vectors_and_what_can_be_done_with_them(uint index, uint count, uint flags)
    {
        client.ShouldAnswer(Commands.GetIrqInfo, Payloads.IrqInfo(index), new Bytes().U32(16, flags, index, count));
        client.ShouldAnswer(Commands.GetIrqInfo, Payloads.IrqInfo(index, 1000), new Bytes().U32(16, flags, index, count));
    }

    [Theory]
    [InlineData(5u, 16u)]
    [InlineData(uint.MaxValue, 16u)]
    [InlineData(2u, 0u)]
    [InlineData(2u, 15u)]
    public void One_that_there_is_not_or_no_room_for_it_is_refused(uint index, uint argsz) =>
        client.ShouldRefuse(Errno.EINVAL, Commands.GetIrqInfo, Payloads.IrqInfo(index, argsz));

    [Theory]
    [InlineData(0u, 0u)]
    [InlineData(1u, 0u)]
    [InlineData(2u, 0u)]
    [InlineData(3u, 1u)]
    [InlineData(4u, 1u)]
    public async Task A_function_that_does_not_interrupt_so_has_no_vectors(uint index, uint count)
    {
        await using var bare = new ServerRig(Layouts.Bare);
        using RawMessage reply = bare.Greeted().Call(Commands.GetIrqInfo, Payloads.IrqInfo(index));
        reply.U32(12).ShouldBe(count);
    }

    [Theory]
    [InlineData(1u)] // the upper half of BAR 0
    [InlineData(4u)]
    [InlineData(5u)]
    [InlineData(6u)] // ROM
    [InlineData(8u)] // VGA
    public void A_region_that_is_not_there_has_no_length(uint index) =>
        client.ShouldAnswer(Commands.GetRegionInfo, Payloads.RegionInfo(index, 1000), Region(index, 0, 0, 32));

    [Theory]
    [InlineData(3u, 16UL)]
    [InlineData(7u, 4096UL)]
    public void A_region_of_registers_is_reached_by_messages(uint index, ulong length) =>
        client.ShouldAnswer(Commands.GetRegionInfo, Payloads.RegionInfo(index), Region(index, length, ReadWrite, 32));

    [Theory]
    [InlineData(9u, 32u)]
    [InlineData(uint.MaxValue, 32u)]
    [InlineData(0u, 0u)]
    [InlineData(0u, 31u)]
    public void A_region_that_cannot_be_or_no_room_for_it_is_refused(uint index, uint argsz) =>
        client.ShouldRefuse(Errno.EINVAL, Commands.GetRegionInfo, Payloads.RegionInfo(index, argsz));

    [Fact]
    public void Fields_that_are_not_asked_for_mean_nothing() => client.ShouldAnswer(
        Commands.GetRegionInfo, new Bytes().U32(32, uint.MaxValue, 7, uint.MaxValue).U64(ulong.MaxValue, ulong.MaxValue), Region(7, 4096, ReadWrite, 32));

    [Fact]
    public void Who_has_room_for_less_is_told_how_much_it_takes_and_given_nothing_that_is_left_out()
    {
        for (uint argsz = 32; argsz < 64; argsz++)
        {
            client.ShouldAnswer(Commands.GetRegionInfo, Payloads.RegionInfo(0, argsz), Region(0, 4 * Page, ReadWrite | Mappable, 64));
        }
    }

    [Theory]
    [InlineData(64)]
    [InlineData(4096)]
    public void Memory_of_a_BAR_is_told_as_areas_and_its_file_comes_along(uint argsz)
    {
        using RawMessage reply = client.Call(Commands.GetRegionInfo, Payloads.RegionInfo(0, argsz));
        reply.Payload.ShouldBe([.. Region(0, 4 * Page, ReadWrite | Mappable | HasCapabilities, 64, 32), .. Areas(0, (2 * Page, 2 * Page))]);
        FileDescriptor file = reply.Files.ShouldHaveSingleItem();

        // It is the region's memory, at the region's offsets, and nobody can cut it short.
        client.Write32(0, (2 * Page) + 8, 0x11223344);
        byte[] bytes = new byte[4];
        file.PositionedRead(bytes, (long)(2 * Page) + 8, out _).ShouldBe(Errno.None);
        bytes.ShouldBe([0x44, 0x33, 0x22, 0x11]);
        file.PositionedWrite([1, 2, 3, 4], (long)(3 * Page), out _).ShouldBe(Errno.None);
        client.Read(0, 3 * Page, 4).ShouldBe([1, 2, 3, 4]);
        file.Control(FileControl.F_GET_SEALS, 0, out int seals);
        (seals & FileControl.F_SEAL_SHRINK).ShouldBe(FileControl.F_SEAL_SHRINK);
        file.SetLength(0).ShouldBe(Errno.EPERM);
    }

    [Fact]
    public async Task Memory_on_the_table_s_page_can_be_mapped_and_the_capability_says_so()
    {
        await using var beside = new ServerRig(TableOn(Page, new ByteRange(Page, Page)));
        using RawMessage reply = beside.Greeted().Call(Commands.GetRegionInfo, Payloads.RegionInfo(0, 72));
        reply.Payload.ShouldBe([.. Region(0, 4 * Page, ReadWrite | Mappable | HasCapabilities, 72, 32), .. Areas(64, (Page, Page)), .. new Bytes().U16(3, 1).U32(0).ToArray()]);
        reply.Files.Length.ShouldBe(1);
        beside.Server.Decisions.ShouldHaveSingleItem().Access.ShouldBe(MsixTableAccess.Mapped);
    }

    [Fact]
    public async Task The_rule_can_keep_it_out()
    {
        await using var trapped = new ServerRig(TableOn(Page, new ByteRange(Page, 2 * Page)), new VfioUserServerOptions { TableRule = MsixTableRule.NeverMap });
        using RawMessage reply = trapped.Greeted().Call(Commands.GetRegionInfo, Payloads.RegionInfo(0, 1000));
        reply.Payload.ShouldBe([.. Region(0, 4 * Page, ReadWrite | Mappable | HasCapabilities, 64, 32), .. Areas(0, (2 * Page, Page))]);
        trapped.Server.Decisions.ShouldHaveSingleItem().Reason.ShouldBe(MsixTableReason.PolicyForbids);
    }

    [Fact]
    public async Task A_table_among_registers_cannot_be_mapped()
    {
        await using var among = new ServerRig(TableOn(Page));
        among.Greeted().ShouldAnswer(Commands.GetRegionInfo, Payloads.RegionInfo(0, 1000), Region(0, 4 * Page, ReadWrite, 32));
    }

    [Fact]
    public async Task Who_takes_no_descriptor_is_offered_none()
    {
        await using var beside = new ServerRig(TableOn(Page, new ByteRange(Page, Page)));
        RawClient poor = beside.Greeted("""{"capabilities":{"max_msg_fds":0}}""");
        poor.ShouldAnswer(Commands.GetRegionInfo, Payloads.RegionInfo(0, 1000), Region(0, 4 * Page, ReadWrite, 32));
    }

    private static FunctionLayout TableOn(ulong page, params ByteRange[] memory) => new()
    {
        Identity = new(0x1234, 0x5678, new(0xFF, 0, 0)),
        Bars = [BarLayout.Memory64(0, 4 * Page) with { Memory = [.. memory] }],
        Msix = new MsixPlacement(Layouts.Vectors, 0, page, 0, page + 0x800),
    };

    private static byte[] Region(uint index, ulong length, uint flags, uint argsz, uint capabilities = 0) =>
        new Bytes().U32(argsz, flags, index, capabilities).U64(length, 0);

    // VFIO_REGION_INFO_CAP_SPARSE_MMAP
    private static byte[] Areas(uint next, params (ulong Offset, ulong Length)[] areas)
    {
        Bytes bytes = new Bytes().U16(1, 1).U32(next, (uint)areas.Length, 0);
        foreach ((ulong offset, ulong length) in areas)
        {
            bytes.U64(offset, length);
        }

        return bytes;
    }
}
