using VfioSharp.Devices;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Tests.Contract.Model;

namespace VfioSharp.VfioUser.Tests.Client;

/// <summary>What a server says of its function to one who only asks.</summary>
public sealed class DescribeTests : IAsyncDisposable
{
    private static readonly ulong Page = (ulong)Environment.SystemPageSize;

    private readonly string folder = Directory.CreateTempSubdirectory("vfiosharp").FullName;
    private readonly List<VfioUserServer> servers = [];

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public async ValueTask DisposeAsync()
    {
        foreach (VfioUserServer server in servers)
        {
            await server.DisposeAsync();
        }

        Directory.Delete(folder, recursive: true);
    }

    [Fact]
    public async Task Regions_are_told_with_what_can_be_mapped_of_them()
    {
        ServedFunction function = await VfioUserClient.DescribeAsync(Serve(ContractLayout.TableBesideMemory).Path, stop: Stop);

        function.Regions.Select(region => region.Index).ShouldBe(Enumerable.Range(0, 9));
        function.Regions.Select(region => region.Length).ShouldBe([4 * Page, 0, 0, 0, 0, 0, 0, 4096UL, 0]);
        ServedRegion bar = function.Regions[0];
        bar.ShouldBe(new ServedRegion
        {
            Index = 0,
            Length = 4 * Page,
            IsReadable = true,
            IsWritable = true,
            IsMappable = true,
            IsMsixMappable = true,
            IsUsable = true,
            Areas = bar.Areas,
        });
        bar.Areas!.Value.ShouldBe([new ByteRange(2 * Page, Page)]);
        function.Regions[7].ShouldBe(new ServedRegion
        {
            Index = 7,
            Length = 4096,
            IsReadable = true,
            IsWritable = true,
            IsMappable = false,
            IsMsixMappable = false,
            IsUsable = false,
        });
        function.Regions[1].IsReadable.ShouldBeFalse();
    }

    [Fact]
    public async Task Where_the_table_is_kept_back_nothing_says_that_it_can_be_mapped()
    {
        string path = Serve(ContractLayout.TableBesideMemory, new VfioUserServerOptions { TableRule = MsixTableRule.NeverMap }).Path;
        ServedFunction function = await VfioUserClient.DescribeAsync(path, stop: Stop);
        function.Regions[0].IsMsixMappable.ShouldBeFalse();
        function.Regions[0].IsUsable.ShouldBeFalse();
        function.DecideTable(4096)!.Reason.ShouldBe(MsixTableReason.BackendCannotMap);
    }

    [Fact]
    public async Task The_table_is_decided_about_for_any_page_size_by_what_the_server_offers()
    {
        Assert.SkipUnless(Page == 4096, "the offer is in pages of this host's");
        ServedFunction function = await VfioUserClient.DescribeAsync(Serve(ContractLayout.TableBesideMemory).Path, stop: Stop);
        function.Msix!.Table.ShouldBe(new ByteRange(0x2000, 8 * 16));
        function.DecideTable(4096)!.Mapped.ShouldBe([new ByteRange(0x2000, 0x1000)]);
        function.DecideTable(4096)!.Reason.ShouldBe(MsixTableReason.MsisIsolated);

        // Of the one page of 16K or 64K that there is, the server offers a part.
        function.DecideTable(16384)!.Access.ShouldBe(MsixTableAccess.Trapped);
        function.DecideTable(65536)!.Mapped.ShouldBeEmpty();
        (await VfioUserClient.DescribeAsync(function.Name, new VfioUserClientOptions { TableRule = MsixTableRule.NeverMap }, Stop))
            .DecideTable(4096)!.Reason.ShouldBe(MsixTableReason.PolicyForbids);
    }

    [Fact]
    public async Task Interrupts_are_told_with_what_can_be_done_about_them()
    {
        ServedFunction function = await VfioUserClient.DescribeAsync(Serve(ContractLayout.TableAlone).Path, stop: Stop);
        function.Interrupts.ShouldBe(
        [
            new ServedInterrupt("INTx", 1, IsSignalled: true, IsMaskable: true, IsAutomasked: true, CanGrow: true),
            new ServedInterrupt("MSI", 4, IsSignalled: true, IsMaskable: true, IsAutomasked: false, CanGrow: true),
            new ServedInterrupt("MSI-X", 8, IsSignalled: true, IsMaskable: true, IsAutomasked: false, CanGrow: true),
            new ServedInterrupt("error", 1, IsSignalled: true, IsMaskable: false, IsAutomasked: false, CanGrow: true),
            new ServedInterrupt("request", 1, IsSignalled: true, IsMaskable: false, IsAutomasked: false, CanGrow: true),
        ]);
    }

    [Fact]
    public async Task The_server_is_told_of_with_its_limits()
    {
        var limits = new VfioUserLimits { MaxDataTransfer = 65536, MaxMessageDescriptors = 7, MaxDmaMaps = 99 };
        ServedFunction function = await VfioUserClient.DescribeAsync(Serve(ContractLayout.SmallBar, new VfioUserServerOptions { Limits = limits }).Path, stop: Stop);
        function.Version.ShouldBe(new Version(0, 2));
        function.MaxDataTransfer.ShouldBe(65536);
        function.MaxMessageDescriptors.ShouldBe(7);
        function.MaxDmaMaps.ShouldBe(99);
        function.PageSizes.ShouldBe(4096UL);
        function.HasTwinSocket.ShouldBeTrue();
        function.TakesManyWrites.ShouldBeTrue();
        function.CanReset.ShouldBeTrue();
        function.CanMigrate.ShouldBeFalse();
        function.Configuration.VendorId.ShouldBe(ContractModel.VendorId);
        function.Bars.Where(bar => bar.IsImplemented).Select(bar => (bar.Index, bar.Kind, bar.Length))
            .ShouldBe([(0, BarKind.Memory32, 256UL), (3, BarKind.Memory32, 256UL), (5, BarKind.Io, 32UL)]);
    }

    [Fact]
    public async Task So_is_whether_the_function_can_be_taken_elsewhere()
    {
        ContractLayout migrates = ContractLayout.TableAlone with { Function = ContractLayout.TableAlone.Function with { CanMigrate = true } };
        (await VfioUserClient.DescribeAsync(Serve(migrates).Path, stop: Stop)).CanMigrate.ShouldBeTrue();
    }

    [Fact]
    public async Task Asking_writes_nothing()
    {
        VfioUserServer server = Serve(ContractLayout.MemoryBeside);
        ServedFunction function = await VfioUserClient.DescribeAsync(server.Path, stop: Stop);
        server.Statistics.RegionWrites.ShouldAllBe(count => count == 0);
        server.Statistics.RegionReads.ShouldBe([0L, 0, 0, 0, 0, 0, 0, 1, 0]);
        ((PciCommand)function.Configuration.Command & PciCommand.BusMaster).ShouldBe(PciCommand.None);
    }

    [Fact]
    public async Task While_another_client_has_the_function_the_message_says_so()
    {
        VfioUserServer server = Serve(ContractLayout.TableAlone);
        await using PciFunction first = await VfioUserClient.ConnectAsync(server.Path, stop: Stop);
        var hurried = new VfioUserClientOptions { Limits = new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(100) } };
        (await Should.ThrowAsync<DeviceBusyException>(async () => await VfioUserClient.DescribeAsync(server.Path, hurried, Stop)))
            .Message.ShouldBe($"{server.Path} does not answer: it has another client, as a rule, and serves one at a time. End that one, or wait for longer.");
    }

    [Fact]
    public async Task Who_waits_for_the_server_gets_the_function_when_its_client_has_left()
    {
        VfioUserServer server = Serve(ContractLayout.TableAlone);
        PciFunction first = await VfioUserClient.ConnectAsync(server.Path, stop: Stop);
        var patient = new VfioUserClientOptions
        {
            Limits = new VfioUserLimits { ReplyTime = TimeSpan.FromMilliseconds(200) },
            WaitForServer = TimeSpan.FromMinutes(1),
        };
        Task<PciFunction> waiting = VfioUserClient.ConnectAsync(server.Path, patient, Stop).AsTask();
        await Task.Delay(500, Stop);
        waiting.IsCompleted.ShouldBeFalse();
        await first.DisposeAsync();
        await using PciFunction second = await waiting;
        second.Configuration.Read16(0).ShouldBe(ContractModel.VendorId);
    }

    [Fact]
    public async Task Asking_can_be_given_up()
    {
        VfioUserServer server = Serve(ContractLayout.TableAlone);
        await using PciFunction first = await VfioUserClient.ConnectAsync(server.Path, stop: Stop);
        using var giveUp = new CancellationTokenSource(100);
        await Should.ThrowAsync<OperationCanceledException>(async () => await VfioUserClient.DescribeAsync(server.Path, stop: giveUp.Token));
    }

    private VfioUserServer Serve(ContractLayout layout, VfioUserServerOptions? options = null)
    {
        VfioUserServer server = VfioUserServer.Listen(Path.Combine(folder, $"socket{servers.Count}"), options);
        servers.Add(server);
        _ = server.ServeAsync(new ContractModel(layout).Initialize(), CancellationToken.None);
        return server;
    }
}
