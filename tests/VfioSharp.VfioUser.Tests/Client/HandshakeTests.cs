using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tests.Raw;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>What a server says before its function is driven is held against the specification and the limits; the client says what is wrong with it.</summary>
public sealed class HandshakeTests : IDisposable
{
    private readonly RawServer server = new();

    private static VfioUserClientOptions Limited(VfioUserLimits limits) => new() { Limits = limits };

    public void Dispose() => server.Dispose();

    [Fact]
    public async Task A_server_that_says_what_it_should_is_driven()
    {
        await using PciFunction function = await server.ConnectAsync();
        function.Configuration.Read32(0).ShouldBe(0x5678_1234u);
        function.MsixVectorCount.ShouldBe(RawShape.Vectors);
        function.Bars[0].Length.ShouldBe(4 * RawShape.Page);
        function.Msix!.Table!.Value.Length.ShouldBe(16ul * RawShape.Vectors);
        server.Requests.Select(request => request.Command).Take(17).ShouldBe(
            [Commands.Version, Commands.GetInfo, .. Enumerable.Repeat(Commands.GetRegionInfo, 9), .. Enumerable.Repeat(Commands.GetIrqInfo, 5), Commands.RegionRead]);
    }

    public static TheoryData<byte[], string> Versions => new()
    {
        { [], "its version is cut off" },
        { [0, 0, 2], "its version is cut off" },
        { Payloads.Version(1, 0, null), "it speaks version 1.0, not 0.2 or less" },
        { Payloads.Version(0, 3, null), "it speaks version 0.3, not 0.2 or less" },
        { Payloads.Version(ushort.MaxValue, ushort.MaxValue, null), "it speaks version 65535.65535, not 0.2 or less" },
        { new Bytes().U16(0, 2).Text("{}x").Raw(0), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, "{"), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, "[]"), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":[]}"""), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":{"max_msg_fds":-1}}"""), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":{"max_msg_fds":1.5}}"""), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":{"max_data_xfer_size":18446744073709551616}}"""), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":{"max_data_xfer_size":0}}"""), "it takes no data at all" },
        { Payloads.Version(0, 2, """{"capabilities":{"twin_socket":true}}"""), "the capabilities cannot be read: " },
        { Payloads.Version(0, 2, """{"capabilities":{"twin_socket":{"supported":true}}}"""), "it has a socket for its commands and does not say which" },
        { Payloads.Version(0, 2, """{"capabilities":{"twin_socket":{"supported":true,"fd_index":0}}}"""), "it has a socket for its commands and does not say which" },
        { Payloads.Version(0, 2, """{"capabilities":{"twin_socket":{"supported":true,"fd_index":4294967296}}}"""), "it has a socket for its commands and does not say which" },
        { Payloads.Version(0, 2, new string('[', 70_000)), "the capabilities cannot be read: " },
        { new Bytes().U16(0, 2).Raw(0xFF, 0xFE, 0), "the capabilities are no UTF-8" },
    };

    [Theory, MemberData(nameof(Versions))]
    public async Task A_version_that_cannot_be_is_refused(byte[] version, string complaint)
    {
        server.AnswerTo(Commands.Version, _ => version);
        (await server.ShouldNotConnectAsync()).ShouldStartWith($"raw cannot be driven: {complaint}");
        server.Requests.Count.ShouldBe(1, "nothing more is asked of it");
    }

    [Theory]
    [InlineData(null)]
    [InlineData("{}")]
    [InlineData("""{"capabilities":{}}""")]
    [InlineData("""{"capabilities":{"max_msg_fds":0,"max_dma_maps":0,"pgsizes":0,"migration":{"pgsize":4096},"unknown":[1,{"a":2}]},"more":null}""")]
    [InlineData("""{"capabilities":{"max_msg_fds":18446744073709551615,"max_dma_maps":18446744073709551615,"pgsizes":18446744073709551615}}""")]
    [InlineData("""{"capabilities":{"twin_socket":{"supported":false,"fd_index":3}}}""")]
    public async Task A_server_may_say_little_or_much_of_itself(string? json)
    {
        server.Shape.Json = json;
        await using PciFunction function = await server.ConnectAsync();
        using (Devices.Access.Bar bar = function.MapBar(0))
        {
            bar.Registers.Write32(8, 17);
            bar.Registers.Read32(8).ShouldBe(17u);
        }

        using Devices.Interrupts.MsixVectors vectors = await function.EnableMsixAsync(RawShape.Vectors, TestContext.Current.CancellationToken);
        vectors.Count.ShouldBe(RawShape.Vectors);
    }

    [Fact]
    public async Task The_version_of_an_older_server_will_do()
    {
        server.AnswerTo(Commands.Version, _ => Payloads.Version(0, 0, null));
        await using PciFunction function = await server.ConnectAsync();
        function.IsLost.ShouldBeFalse();
    }

    public static TheoryData<byte[], string> Infos => new()
    {
        { [], "its reply to DEVICE_GET_INFO is cut off" },
        { new byte[15], "its reply to DEVICE_GET_INFO is cut off" },
        { new Bytes().U32(16, 1, 9, 5), "its device is not a PCI function" },
        { new Bytes().U32(16, 4, 9, 5), "its device is not a PCI function" },
        { new Bytes().U32(16, 3, 0, 5), "it says that its function has 0 regions" },
        { new Bytes().U32(16, 3, 7, 5), "it says that its function has 7 regions" }, // no configuration space
        { new Bytes().U32(16, 3, 65, 5), "it says that its function has 65 regions" },
        { new Bytes().U32(16, 3, uint.MaxValue, 5), "it says that its function has 4294967295 regions" },
        { new Bytes().U32(16, 3, 9, 33), "it says that its function interrupts in 33 ways" },
        { new Bytes().U32(16, 3, 9, uint.MaxValue), "it says that its function interrupts in 4294967295 ways" },
    };

    [Theory, MemberData(nameof(Infos))]
    public async Task A_device_that_is_no_function_or_has_too_much_is_refused(byte[] info, string complaint)
    {
        server.AnswerTo(Commands.GetInfo, _ => info);
        (await server.ShouldNotConnectAsync()).ShouldBe($"raw cannot be driven: {complaint}");
        server.Requests.Count.ShouldBe(2);
    }

    [Theory]
    [InlineData(9, 64, false)]
    [InlineData(10, 9, true)]
    [InlineData(9, 9, false)]
    [InlineData(64, 64, false)]
    public async Task MaxRegions_bounds_the_regions(int regions, int limit, bool refused)
    {
        server.Instead = request =>
        {
            if (request.Command == Commands.GetInfo)
            {
                server.Answer(request, new Bytes().U32(16, 3, (uint)regions, 5));
                return true;
            }

            if (request.Command == Commands.GetRegionInfo && request.U32(8) > 8)
            {
                server.Answer(request, RawShape.Region(request.U32(8), 0, 0));
                return true;
            }

            return false;
        };
        VfioUserClientOptions options = Limited(new VfioUserLimits { MaxRegions = limit });
        if (refused)
        {
            (await server.ShouldNotConnectAsync(options)).ShouldContain($"{regions} regions");
            return;
        }

        await using PciFunction function = await server.ConnectAsync(options);
        function.Shape.Regions.Length.ShouldBe(regions);
    }

    [Theory]
    [InlineData(6, 5, true)]
    [InlineData(6, 6, false)]
    public async Task MaxInterruptKinds_bounds_the_ways_to_interrupt(int kinds, int limit, bool refused)
    {
        server.AnswerTo(Commands.GetInfo, _ => new Bytes().U32(16, 3, 9, (uint)kinds));
        VfioUserClientOptions options = Limited(new VfioUserLimits { MaxInterruptKinds = limit });
        if (refused)
        {
            (await server.ShouldNotConnectAsync(options)).ShouldContain($"{kinds} ways");
            return;
        }

        await using PciFunction function = await server.ConnectAsync(options);
        server.Requests.Count(request => request.Command == Commands.GetIrqInfo).ShouldBe(5, "of others nobody knows what they are");
    }

    [Theory]
    [InlineData(0u, 2u)] // INTx has one
    [InlineData(1u, 33u)] // PCIe 6.0, 7.7.1.2: 32 at most
    [InlineData(2u, 2049u)] // 7.7.2.2: 2048
    [InlineData(3u, 2u)]
    [InlineData(4u, uint.MaxValue)]
    [InlineData(0u, uint.MaxValue)]
    [InlineData(2u, uint.MaxValue)]
    public async Task More_vectors_than_there_can_be_are_refused(uint kind, uint count)
    {
        server.Shape.Interrupts[kind] = count;
        (await server.ShouldNotConnectAsync()).ShouldStartWith($"raw cannot be driven: it says that its function has {count} ");
    }

    [Fact]
    public async Task No_vectors_are_none()
    {
        server.Shape.Interrupts = [0, 0, 0, 0, 0];
        await using PciFunction function = await server.ConnectAsync();
        function.HasIntx.ShouldBeFalse();
        function.MsixVectorCount.ShouldBe(0);
        await Should.ThrowAsync<ArgumentOutOfRangeException>(async () => await function.EnableMsixAsync(1, TestContext.Current.CancellationToken));
    }

    [Fact]
    public async Task Interrupts_of_another_kind_than_asked_about_are_refused()
    {
        server.AnswerTo(Commands.GetIrqInfo, request => new Bytes().U32(16, 1, request.U32(8) ^ 1, 1));
        (await server.ShouldNotConnectAsync()).ShouldStartWith("raw cannot be driven: it says that its function has 1 INTx vectors");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(15)]
    public async Task Interrupts_that_are_cut_off_are_refused(int length)
    {
        server.AnswerTo(Commands.GetIrqInfo, _ => new byte[length]);
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: its reply to DEVICE_GET_IRQ_INFO is cut off");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(63)]
    [InlineData(255)]
    public async Task Without_configuration_space_nothing_can_be_driven(int length)
    {
        server.Shape.Registers[7] = new byte[length];
        (await server.ShouldNotConnectAsync()).ShouldContain("configuration space");
    }

    [Theory]
    [InlineData(0)]
    [InlineData(-1)]
    [InlineData(1)]
    [InlineData(-17)]
    public async Task Configuration_space_of_another_length_than_asked_for_is_refused(int more)
    {
        server.AnswerTo(Commands.RegionRead, request => new byte[more == 0 ? 0 : (int)request.U32(12) + 16 + more]);
        (await server.ShouldNotConnectAsync()).ShouldStartWith("raw cannot be driven: it does not show its configuration space");
    }

    [Fact]
    public async Task Configuration_space_is_read_in_pieces_where_the_server_gives_no_more_at_once()
    {
        server.Shape.Json = """{"capabilities":{"max_data_xfer_size":100}}""";
        await using PciFunction function = await server.ConnectAsync();
        function.Configuration.Read32(0).ShouldBe(0x5678_1234u);
        function.Msix.ShouldNotBeNull();
        server.Requests.Where(request => request.Command == Commands.RegionRead).ShouldAllBe(request => request.U32(12) <= 100);
    }

    [Theory]
    [InlineData(Commands.Version)]
    [InlineData(Commands.GetInfo)]
    [InlineData(Commands.GetRegionInfo)]
    [InlineData(Commands.GetIrqInfo)]
    [InlineData(Commands.RegionRead)]
    public async Task A_refusal_is_told_by_its_error(ushort command)
    {
        server.Instead = request =>
        {
            if (request.Command == command)
            {
                server.Refuse(request, Errno.EPERM);
            }

            return request.Command == command;
        };
        (await Should.ThrowAsync<PciException>(() => server.ConnectAsync())).Message.ShouldContain("EPERM");
    }

    [Theory]
    [InlineData(Commands.Version, 0)]
    [InlineData(Commands.GetInfo, 0)]
    [InlineData(Commands.GetRegionInfo, 0)]
    [InlineData(Commands.GetRegionInfo, 8)]
    [InlineData(Commands.GetIrqInfo, 0)]
    [InlineData(Commands.GetIrqInfo, 4)]
    [InlineData(Commands.RegionRead, 0)]
    public async Task A_server_that_hangs_up_on_the_way_is_none_and_leaves_nothing_behind(ushort command, int after)
    {
        int own = OpenFiles.CountOf(server.Shape.File);
        int left = after;
        server.Instead = request =>
        {
            bool isIt = request.Command == command && left-- == 0;
            if (isIt)
            {
                server.Shutdown();
            }

            return isIt;
        };
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: it closed the connection");
        OpenFiles.CountOf(server.Shape.File).ShouldBe(own, "what came along is closed");
        OpenFiles.CountOf(server.Socket.File).ShouldBe(1);
    }

    [Fact]
    public async Task A_server_that_hangs_up_in_the_middle_of_its_reply_is_none()
    {
        server.Instead = request =>
        {
            server.TrySend(RawPeer.Message(request.Id, request.Command, new byte[32], RawPeer.Reply).AsSpan(0, 20));
            server.Shutdown();
            return true;
        };
        (await server.ShouldNotConnectAsync()).ShouldBe("raw cannot be driven: it closed the connection");
    }

    [Theory]
    [InlineData(Commands.Version)]
    [InlineData(Commands.GetInfo)]
    [InlineData(Commands.GetRegionInfo)]
    [InlineData(Commands.RegionRead)]
    public async Task A_server_that_never_replies_is_waited_for_as_long_as_ReplyTime_says(ushort command)
    {
        server.Instead = request => request.Command == command;
        VfioUserClientOptions options = Limited(new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(100) });
        PciException late = await Should.ThrowAsync<PciException>(() => server.ConnectAsync(options));
        late.ShouldBeOfType(command == Commands.Version ? typeof(DeviceBusyException) : typeof(VfioUserProtocolException));
        late.Message.ShouldContain(command == Commands.Version ? "it has another client, as a rule" : "within 0.1 s");
    }

    [Fact]
    public async Task Connecting_can_be_given_up_at_every_step()
    {
        using var giveUp = new CancellationTokenSource();
        server.Instead = request =>
        {
            if (request.Command == Commands.GetIrqInfo)
            {
                giveUp.Cancel();
                return true;
            }

            return false;
        };
        await Should.ThrowAsync<OperationCanceledException>(() => server.ConnectUntilAsync(giveUp.Token));
        OpenFiles.CountOf(server.Socket.File).ShouldBe(1);
    }
}
