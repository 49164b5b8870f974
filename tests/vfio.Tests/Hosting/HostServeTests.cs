using VfioSharp.Cli.Tests.Serving;
using VfioSharp.Devices;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Tests.Hosting;

/// <summary><c>vfio host --serve</c>: a virtual host's functions, driven over their sockets.</summary>
public sealed class HostServeTests : IDisposable
{
    // Those that vfio-pci holds where no topology is given.
    private static readonly string[] Held = ["0000:01:00.0", "0000:02:00.0", "0000:05:00.0", "0000:05:00.1"];

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("--bridge vtd")]
    [InlineData("--bridge vtd --dialect silent")]
    [InlineData("--bridge vtd --dialect patchSeries")]
    [InlineData("--bridge vtd --nosid")] // the kernel takes it for isolated
    [InlineData("--bridge vtd --advertised-only --allow-unsafe-interrupts")]
    [InlineData("--bridge amdvi")]
    [InlineData("--bridge ioda")]
    [InlineData("--bridge ioda2")]
    [InlineData("--bridge its")]
    [InlineData("--bridge v2m --allow-unsafe-interrupts")]
    [InlineData("--bridge imsic --allow-unsafe-interrupts")]
    [InlineData("--bridge imsic --interrupt-files own")]
    [InlineData("--bridge imsic --interrupt-files mrif")]
    public async Task A_tally_counts_reads_memory_and_its_interrupt_arrives_through_the_unit(string options)
    {
        await using ServeRun run = await ServeRun.HostAsync(folder["host"], Held[^1], options.Split(' '));
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder[$"host/{Held[0]}.sock"], stop: Stop);
        await TallyRegisters.ShouldCountAsync(function, Stop);
    }

    [Fact]
    public async Task Each_function_of_vfio_pci_is_at_the_socket_of_its_address_until_it_is_told_to_stop()
    {
        await using ServeRun run = await ServeRun.HostAsync(folder["a/host"], Held[^1], "--bridge", "its");
        Directory.GetFileSystemEntries(folder["a/host"]).Order().ShouldBe(Held.Select(address => folder[$"a/host/{address}.sock"]));
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder[$"a/host/{Held[0]}.sock"], stop: Stop);

        CliRun end = await run.StopAsync();
        end.Status.ShouldBe(0);
        end.Output.ShouldBe(HostSwitches.Run("--bridge its").Output + string.Concat(Held.Select(address => $"ready: {address} at {folder[$"a/host/{address}.sock"]}\n")));
        Directory.GetFileSystemEntries(folder["a/host"]).ShouldBeEmpty();
        function.IsLost.ShouldBeTrue();
    }

    [Fact]
    public async Task With_JSON_the_audit_comes_first()
    {
        await using ServeRun run = await ServeRun.HostAsync(folder["host"], Held[^1], "--bridge", "its", "--json");
        (await run.StopAsync()).Output.ShouldStartWith(HostSwitches.Run("--bridge its", "--json").Output + "ready: ");
    }

    [Theory]
    [InlineData("--bridge vtd --advertised-only", "group 5 of 0000:01:00.0 is not isolated: interrupt remapping is not enabled", "; --allow-unsafe-interrupts overlooks it")]
    [InlineData("--bridge v2m", "group 5 of 0000:01:00.0 is not isolated: whoever writes MSI_SETSPI_NS raises any SPI", "; --allow-unsafe-interrupts overlooks it")]
    [InlineData("--bridge none", "0000:01:00.0 is in no IOMMU group, for nothing translates its DMA: vfio-pci needs an IOMMU", "")]
    [InlineData("--bridge none --allow-unsafe-interrupts", "0000:01:00.0 is in no IOMMU group", "")]
    public async Task Where_the_kernel_would_refuse_clients_are_turned_away_and_the_log_says_why(string options, string reason, string remedy)
    {
        await using ServeRun run = await ServeRun.HostAsync(folder["host"], Held[^1], options.Split(' '));
        await Should.ThrowAsync<VfioUserProtocolException>(async () => await VfioUserClient.ConnectAsync(folder[$"host/{Held[0]}.sock"], stop: Stop));
        await run.WaitForLogAsync("client 1");

        string[] lines = ServeRun.Plain((await run.StopAsync()).Error, folder.Path).Split('\n');
        lines[0].ShouldStartWith($"warning: {Held[0]}: clients will be refused: ");
        lines[0].ShouldContain(reason);
        lines[0].ShouldEndWith(remedy.Length == 0 ? "an IOMMU" : remedy);
        lines.ShouldContain(line => line.Contains("client 1 (process 1234)", StringComparison.Ordinal) && line.Contains(reason, StringComparison.Ordinal));
    }

    [Theory]
    [InlineData("vtd", "mapped (msisIsolated)")]
    [InlineData("s390", "mapped (msisIsolated)")]
    [InlineData("vtd --advertised-only --allow-unsafe-interrupts", "trapped (msisNotIsolated)")]
    public async Task Functions_that_are_served_by_name_can_sit_on_a_host_and_what_it_isolates_decides(string bridge, string decision)
    {
        string[] sockets = [folder["a.sock"], folder["b.sock"]];
        await using ServeRun run = await ServeRun.StartAsync(
            ["tally", "--host-bridge", .. bridge.Split(' '), "--socket", sockets[0], "--socket", sockets[1]]);
        foreach (string socket in sockets)
        {
            await using PciFunction function = await VfioUserClient.ConnectAsync(socket, stop: Stop);
            function.MapBar(2).MsixTable.Access.ToString().ShouldBe(decision.Split(' ')[0], StringCompareShould.IgnoreCase);
        }

        string log = ServeRun.Plain((await run.StopAsync()).Error, folder.Path);
        log.ShouldContain($"/run/a.sock: the page of the MSI-X table is {decision}");
        log.ShouldContain($"/run/b.sock: the page of the MSI-X table is {decision}");
    }

    [Fact]
    public async Task Where_its_host_would_refuse_clients_a_function_that_is_served_by_name_has_none()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--host-bridge", "vtd", "--advertised-only", "--socket", folder["a.sock"]);
        await Should.ThrowAsync<VfioUserProtocolException>(async () => await VfioUserClient.ConnectAsync(folder["a.sock"], stop: Stop));
        ServeRun.Plain((await run.StopAsync()).Error, folder.Path).ShouldContain("warning: 0000:01:00.0: clients will be refused: ");
    }

    [Fact]
    public async Task Messages_can_be_watched()
    {
        await using ServeRun run = await ServeRun.HostAsync(folder["host"], Held[^1], "--bridge", "its", "--trace");
        await (await VfioUserClient.ConnectAsync(folder[$"host/{Held[0]}.sock"], stop: Stop)).DisposeAsync();
        await run.WaitForLogAsync("is gone");
        ServeRun.Plain((await run.StopAsync()).Error, folder.Path).ShouldContain($"trace: /run/host/{Held[0]}.sock client 1 -> VERSION #");
    }
}
