using System.Net.Sockets;
using System.Text.Json;
using VfioSharp.Cli.Tests.Audit;
using VfioSharp.Devices;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Tests.Serving;

/// <summary><c>vfio connect</c>: everything about one served function.</summary>
public sealed class ConnectTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    private string Socket => folder["function.sock"];

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("tally", "requireIsolation")]
    [InlineData("tally", "neverMap")]
    [InlineData("endpoint-test", "requireIsolation")]
    public async Task The_text_is_the_golden_one(string function, string rule)
    {
        Assert.SkipUnless(Environment.SystemPageSize == 4096, "the texts are those of a host with pages of 4K");
        await using ServeRun run = await ServeRun.StartAsync(function, "--socket", Socket, "--rule", rule);
        CliRun connect = CliRun.Of("connect", Socket);
        connect.Status.ShouldBe(0, connect.Error);
        connect.Error.ShouldBeEmpty();
        Golden.ShouldMatch(connect.Output.Replace(folder.Path, "/run", StringComparison.Ordinal), $"connect-{function}{(rule == "neverMap" ? "-never-mapped" : "")}");
    }

    [Fact]
    public async Task The_JSON_is_what_the_server_said()
    {
        await using ServeRun run = await ServeRun.StartAsync("endpoint-test", "--socket", Socket);
        JsonElement document = CliRun.Of("connect", Socket, "--json").Json();
        document.GetProperty("schema").GetString().ShouldBe("vfiosharp.connect/1");
        document.GetProperty("socket").GetString().ShouldBe(Socket);
        document.GetProperty("vendorId").GetString().ShouldBe("104c");
        document.GetProperty("deviceId").GetString().ShouldBe("b500");
        document.GetProperty("classCode").GetString().ShouldBe("ff0000");
        document.GetProperty("reset").GetBoolean().ShouldBeTrue();
        document.GetProperty("migration").GetBoolean().ShouldBeTrue();
        JsonSerializer.Serialize(document.GetProperty("server")).ShouldBe(
            """{"version":"0.2","maxMessageDescriptors":128,"maxDataTransfer":1048576,"maxDmaMaps":65535,"pageSizes":[4096],"twinSocket":true,"writeMultiple":true}""");

        // samples/EndpointTest/README.md: six BARs, and configuration space of PCI Express.
        JsonElement[] regions = [.. document.GetProperty("regions").EnumerateArray()];
        regions.Select(region => (region.GetProperty("index").GetInt32(), region.GetProperty("length").GetInt64()))
            .ShouldBe([(0, 4096L), (1, 131072), (2, 131072), (3, 131072), (4, 131072), (5, 1048576), (7, 4096)]);
        regions.Where(region => region.GetProperty("mappable").GetBoolean()).Select(region => region.GetProperty("index").GetInt32()).ShouldBe([1, 2, 3, 4, 5]);
        JsonSerializer.Serialize(regions[1].GetProperty("areas")).ShouldBe("""[{"offset":0,"length":131072}]""");
        regions.ShouldAllBe(region => !region.GetProperty("msixMappable").GetBoolean());
        document.GetProperty("interrupts").EnumerateArray().Select(kind => (kind.GetProperty("name").GetString(), kind.GetProperty("count").GetInt32()))
            .ShouldBe([("INTx", 1), ("MSI", 32), ("MSI-X", 32), ("error", 1), ("request", 1)]);
        document.GetProperty("msix").GetProperty("tableOffset").GetInt32().ShouldBe(0x80);
        document.GetProperty("capabilities").EnumerateArray().Select(capability => capability.GetProperty("id").GetInt32()).ShouldBe([1, 5, 0x11, 0x10]);
        document.GetProperty("pages").EnumerateArray().Select(page => page.GetProperty("pageSize").GetInt32()).ShouldBe([4096, 16384, 65536]);
        foreach (JsonElement page in document.GetProperty("pages").EnumerateArray())
        {
            AuditDocument.CheckTable(page.GetProperty("table"));
            page.GetProperty("table").GetProperty("reason").GetString().ShouldBe("backendCannotMap");
        }
    }

    [Fact]
    public async Task That_the_table_can_be_mapped_is_told_where_the_server_says_so()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", Socket);
        JsonElement document = CliRun.Of("connect", Socket, "--json").Json();
        document.GetProperty("regions").EnumerateArray().Single(region => region.GetProperty("index").GetInt32() == 2)
            .GetProperty("msixMappable").GetBoolean().ShouldBeTrue();
        document.GetProperty("table").GetProperty("reason").GetString().ShouldBe("msisIsolated");
        CliRun.Of("connect", Socket, "--json", "--rule", "neverMap").Json().GetProperty("table").GetProperty("reason").GetString().ShouldBe("policyForbids");
    }

    [Fact]
    public async Task Messages_can_be_watched()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", Socket);
        CliRun connect = CliRun.Of("connect", Socket, "--trace");
        string[] lines = ServeRun.Plain(connect.Error, folder.Path).Split('\n');
        lines[0].ShouldStartWith("trace: /run/function.sock -> VERSION #");
        lines[1].ShouldStartWith("trace: /run/function.sock <- VERSION reply #");
        connect.Output.ShouldBe(CliRun.Of("connect", Socket).Output);
    }

    [Fact]
    public async Task Nobody_there_ends_with_66_and_somebody_strange_with_74()
    {
        CliRun.Of("connect", Socket).ShouldBeRefused(66, $"{Socket} is not there");
        using var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(Socket));
        CliRun.Of("connect", Socket).ShouldBeRefused(66, $"{Socket}: nobody serves there any more");
        listener.Listen();
        Task<Socket> accepting = listener.AcceptAsync(Stop).AsTask();
        Task<CliRun> connecting = Task.Run(() => CliRun.Of("connect", Socket), Stop);
        using (Socket stranger = await accepting)
        {
            await stranger.SendAsync("220 mail.example ESMTP\r\n"u8.ToArray(), Stop);
            (await connecting).ShouldBeRefused(74, $"{Socket} cannot be driven: ");
        }

        CliRun.Of("connect", "").ShouldBeRefused(66, "its name is empty");
        CliRun.Of("connect").ShouldBeRefused(64, "Required argument 'PATH' missing");
        CliRun.Of("connect", folder[new string('x', 120)]).ShouldBeRefused(74, "at most 107 bytes");
    }

    [Fact]
    public async Task A_function_that_has_a_client_is_busy()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", Socket);
        await using PciFunction function = await VfioUserClient.ConnectAsync(Socket, stop: Stop);
        CliRun.Of("connect", Socket).ShouldBeRefused(74, "it has another client, as a rule, and serves one at a time");
    }
}
