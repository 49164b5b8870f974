using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Interop;
using VfioSharp.Pci.Mapping;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>What a server says of a region, and the file that it gives for it, is looked at before anything is mapped.</summary>
public sealed class RegionInfoTests : IDisposable
{
    private const uint ReadWriteMap = RawShape.Readable | RawShape.Writable | RawShape.Mappable;
    private const ushort Sparse = 1;

    private readonly RawServer server = new();

    private static ulong Page => RawShape.Page;

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task A_description_that_needs_more_room_is_asked_for_again_with_that_much()
    {
        byte[] whole = Described(ReadWriteMap, [new(Page, Page)]);
        AnswerRegion(request => request.U32(0) >= whole.Length ? whole : RawShape.Region(0, 4 * Page, ReadWriteMap | RawShape.HasCapabilities, argsz: (uint)whole.Length), server.Shape.File);
        await using PciFunction function = await server.ConnectAsync();
        server.Requests.Where(request => request.Command == Commands.GetRegionInfo && request.U32(8) == 0).Select(request => request.U32(0)).ShouldBe([32u, (uint)whole.Length]);
        using Bar bar = function.MapBar(0);
        bar.Mapped.ShouldBe([new ByteRange(Page, Page)]);
    }

    [Fact]
    public async Task One_that_needs_more_each_time_is_refused()
    {
        AnswerRegion(request => RawShape.Region(0, 4 * Page, ReadWriteMap, argsz: request.U32(0) + 1));
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: its description of region 0 has 34 bytes now, and had 33");
        server.Requests.Count(request => request.Command == Commands.GetRegionInfo).ShouldBe(2);
    }

    [Theory]
    [InlineData(4097u)]
    [InlineData(0xFFFF_FFF0u)]
    [InlineData(uint.MaxValue)]
    public async Task MaxRegionInfo_bounds_what_a_description_says_that_it_needs(uint argsz)
    {
        AnswerRegion(_ => RawShape.Region(0, 4 * Page, ReadWriteMap, argsz: argsz));
        (await server.ShouldNotConnectAsync(new VfioUserClientOptions { Limits = new VfioUserLimits { MaxRegionInfo = 4096 } }))
            .ShouldBe($"raw cannot be driven: its description of region 0 has {argsz} bytes");
    }

    [Fact]
    public async Task MaxRegionInfo_bounds_what_a_description_has()
    {
        AnswerRegion(_ => [.. RawShape.Region(0, 4 * Page, ReadWriteMap), .. new byte[4096]]);
        (await server.ShouldNotConnectAsync(new VfioUserClientOptions { Limits = new VfioUserLimits { MaxRegionInfo = 4096 } }))
            .ShouldBe("raw cannot be driven: its description of region 0 has 4128 bytes");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(31)]
    public async Task One_that_is_cut_off_is_refused(int length)
    {
        AnswerRegion(_ => new byte[length]);
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: it does not describe region 0");
    }

    [Fact]
    public async Task One_of_another_region_is_refused()
    {
        AnswerRegion(_ => RawShape.Region(1, 4 * Page, ReadWriteMap));
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: it does not describe region 0");
    }

    public static TheoryData<uint, byte[]> Chains => new()
    {
        { 1, [] }, // in the description itself
        { 31, [] },
        { 32, [] }, // behind what was given
        { 33, new byte[8] },
        { 0xFFFF_FFF0, new byte[8] },
        { uint.MaxValue, new byte[8] },
        { 32, Capability(3, 32) }, // comes back to itself
        { 32, [.. Capability(3, 40), .. Capability(3, 32)] }, // comes back from the next
        { 32, [.. Capability(3, 36), .. Capability(3, 0)] }, // overlaps
        { 32, Capability(3, 0xFFFF_FFF8) },
        { 32, Capability(Sparse, 0) }, // without its count
        { 32, [.. Capability(Sparse, 0), .. new Bytes().U32(1, 0).ToArray()] }, // of one area there is none
        { 32, [.. Capability(Sparse, 0), .. new Bytes().U32(uint.MaxValue, 0).U64(0, 4096).ToArray()] },
        { 32, [.. Capability(Sparse, 0), .. new Bytes().U32(0x1000_0000, 0).U64(0, 4096).ToArray()] }, // times 16 is 0
        { 32, [.. Capability(Sparse, 0), .. new Bytes().U32(1, 0).U64(ulong.MaxValue, 2).ToArray()] }, // goes round
        { 32, [.. Capability(Sparse, 0), .. new Bytes().U32(1, 0).U64(4096, ulong.MaxValue).ToArray()] },
        { 32, Capability(2, 0) }, // a type that is cut off
    };

    [Theory, MemberData(nameof(Chains))]
    public async Task Capabilities_that_cannot_be_are_refused(uint first, byte[] chain)
    {
        AnswerRegion(_ => [.. RawShape.Region(0, 4 * Page, ReadWriteMap | RawShape.HasCapabilities, (uint)(32 + chain.Length), first), .. chain]);
        (await server.ShouldNotConnectAsync()).ShouldStartWith("raw cannot be driven: its description of region 0 is wrong: ");
    }

    [Fact]
    public async Task As_many_capabilities_as_fit_are_read_in_no_time_to_speak_of()
    {
        const int count = ((64 << 10) - 32) / 8;
        byte[] chain = new byte[8 * count];
        for (int i = 0; i < count; i++)
        {
            Capability(0x7777, i == count - 1 ? 0 : (uint)(32 + (8 * (i + 1)))).CopyTo(chain, 8 * i);
        }

        AnswerRegion(_ => [.. RawShape.Region(0, 4 * Page, ReadWriteMap | RawShape.HasCapabilities, (uint)(32 + chain.Length), 32), .. chain], server.Shape.File);
        await using PciFunction function = await server.ConnectAsync();
        using Bar bar = function.MapBar(0);
        bar.Mapped.ShouldBe([new ByteRange(0, 4 * Page)]);
    }

    [Fact]
    public async Task Areas_count_only_as_far_as_they_lie_in_the_region_and_fill_pages()
    {
        byte[] whole = Described(ReadWriteMap, [new(0, 100), new(Page + 1, Page), new(2 * Page, Page), new(3 * Page, ulong.MaxValue - (3 * Page)), new(1UL << 60, Page), new(Page, 0)]);
        AnswerRegion(_ => whole, server.Shape.File);
        await using PciFunction function = await server.ConnectAsync();
        using Bar bar = function.MapBar(0);
        bar.Mapped.ShouldBe([new ByteRange(2 * Page, 2 * Page)]);
        bar.Registers.Write32(8, 5);
        bar.Registers.Write32((2 * Page) + 8, 6);
        (BitConverter.ToUInt32(server.Shape.Registers[0], 8), BitConverter.ToUInt32(server.Shape.Registers[0], (int)(2 * Page) + 8)).ShouldBe((5u, 0u));
        bar.Registers.Read32((2 * Page) + 8).ShouldBe(6u);
    }

    [Theory]
    [InlineData(1ul << 46)]
    [InlineData(1ul << 63)]
    [InlineData(ulong.MaxValue)]
    [InlineData(ulong.MaxValue - 4095)]
    public async Task A_region_longer_than_there_are_addresses_costs_the_process_nothing(ulong size)
    {
        AnswerRegion(_ => RawShape.Region(0, size, ReadWriteMap), server.Shape.File);
        await using PciFunction function = await server.ConnectAsync();
        function.Shape.Region(0).Mappable.ShouldBeEmpty("its file is not as long");
        try
        {
            using Bar bar = function.MapBar(0);
            bar.Mapped.ShouldBeEmpty();
            bar.Registers.Read32(0).ShouldBe(0u);
        }
        catch (PciException exception)
        {
            exception.Message.ShouldContain("of addresses could not be had");
        }
    }

    public static TheoryData<string, bool> Files => new()
    {
        { "sealed", true },
        { "exact", true },
        { "longer", true },
        { "shorter", false },
        { "empty", false },
        { "none", false },
        { "unsealable", false },
        { "eventfd", false },
        { "socket", false },
        { "disk", false },
        { "two", true }, // the second is closed
        { "offset", true },
        { "offset behind its end", false },
        { "offset that is no page's", false },
        { "offset that goes round", false },
        { "offset that is negative", false },
    };

    [Theory, MemberData(nameof(Files))]
    public async Task A_file_is_mapped_where_it_holds_what_is_said_and_cannot_be_cut_short(string kind, bool isMapped)
    {
        long length = 4 * (long)Page;
        using var file = new SharedFile(kind switch { "shorter" => length - 1, "longer" => length + 1, "empty" => 0, "offset" => length + (long)Page, _ => length }, kind != "unsealable");
        using var other = new SharedFile(length);
        using EventFd eventFd = Events.Create();
        string path = Path.GetTempFileName();
        await File.WriteAllBytesAsync(path, new byte[length], TestContext.Current.CancellationToken);
        using FileDescriptor disk = FileDescriptor.Open(path, OpenFlags.O_RDWR, out _)!;
        File.Delete(path);
        ulong offset = kind switch
        {
            "offset" or "offset behind its end" => Page,
            "offset that is no page's" => 1,
            "offset that goes round" => ulong.MaxValue - Page + 1,
            "offset that is negative" => 1UL << 63,
            _ => 0,
        };
        FileDescriptor[] files = kind switch
        {
            "none" => [],
            "eventfd" => [eventFd.File],
            "socket" => [server.Socket.File],
            "disk" => [disk],
            "two" => [file.File, other.File],
            _ => [file.File],
        };
        AnswerRegion(_ => RawShape.Region(0, (ulong)length, ReadWriteMap, offset: offset), files);
        if (kind == "sealed")
        {
            file.File.Control(FileControl.F_ADD_SEALS, FileControl.F_SEAL_SHRINK, out _).ShouldBe(Errno.None);
        }

        await using (PciFunction function = await server.ConnectAsync())
        {
            using Bar bar = function.MapBar(0);
            (bar.Mapped.IsEmpty ? 0 : bar.Mapped.Single().Length).ShouldBe(isMapped ? (ulong)length : 0);
            bar.Registers.Write32(Page, 0xABCD);
            bar.Registers.Read32(Page).ShouldBe(0xABCDu, "by the file or by messages");
            if (isMapped)
            {
                file.Read((long)(Page + offset), 2).ShouldBe([0xCD, 0xAB]);
                file.File.SetLength(0).ShouldBe(Errno.EPERM, "whoever serves cannot take it back");
                OpenFiles.CountOf(other.File).ShouldBe(1);
            }
        }

        OpenFiles.CountOf(file.File).ShouldBe(1);
        OpenFiles.CountOf(eventFd.File).ShouldBe(1);
    }

    [Fact]
    public async Task Whose_server_is_trusted_has_also_a_file_mapped_that_could_be_cut_short()
    {
        using var file = new SharedFile(4 * (long)Page, canSeal: false);
        AnswerRegion(_ => RawShape.Region(0, 4 * Page, ReadWriteMap), file.File);
        await using PciFunction function = await server.ConnectAsync(new VfioUserClientOptions { TrustPeerMemory = true });
        using Bar bar = function.MapBar(0);
        bar.Mapped.ShouldBe([new ByteRange(0, 4 * Page)]);
    }

    [Theory]
    [InlineData(3, 3, true)]
    [InlineData(4, 3, false)]
    public async Task MaxMessageDescriptors_bounds_what_comes_with_a_message(int count, int limit, bool isTaken)
    {
        EventFd[] files = Events.Create(count);
        AnswerRegion(_ => RawShape.Region(0, 4 * Page, ReadWriteMap), [.. files.Select(file => file.File)]);
        var options = new VfioUserClientOptions { Limits = new VfioUserLimits { MaxMessageDescriptors = limit } };
        if (isTaken)
        {
            await (await server.ConnectAsync(options)).DisposeAsync();
        }
        else
        {
            (await server.ShouldNotConnectAsync(options)).ShouldBe($"raw cannot be driven: {count} descriptors came with a message, where {limit} may");
        }

        files.ShouldAllBe(file => OpenFiles.CountOf(file.File) == 1);
        Array.ForEach(files, file => file.Dispose());
    }

    [Fact]
    public async Task Descriptors_that_come_with_what_can_carry_none_are_closed()
    {
        using EventFd file = Events.Create();
        server.AnswerTo(Commands.GetIrqInfo, request => new Bytes().U32(16, 1, request.U32(8), 1), file.File, file.File);
        await using PciFunction function = await server.ConnectAsync();
        OpenFiles.CountOf(file.File).ShouldBe(1);
    }

    private static byte[] Capability(ushort id, uint next) => new Bytes().U16(id, 1).U32(next);

    private static byte[] Described(uint flags, ByteRange[] areas)
    {
        Bytes list = new Bytes().Raw(Capability(Sparse, 0)).U32((uint)areas.Length, 0);
        Array.ForEach(areas, area => list.U64(area.Offset, area.Length));
        return [.. RawShape.Region(0, 4 * Page, flags | RawShape.HasCapabilities, (uint)(32 + list.Length), 32), .. list.ToArray()];
    }

    // Of region 0; with the usual file where none is given and none is told not to be.
    private void AnswerRegion(Func<RawMessage, byte[]> payload, params FileDescriptor[] files) => server.Instead = request =>
    {
        if (request.Command != Commands.GetRegionInfo || request.U32(8) != 0)
        {
            return false;
        }

        server.Answer(request, payload(request), files);
        return true;
    };
}
