using System.Net.Sockets;
using System.Text.Json;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Samples.Tests;
using VfioSharp.VfioUser;
using static VfioSharp.Cli.Tests.Serving.TallyRegisters;

namespace VfioSharp.Cli.Tests.Serving;

/// <summary><c>vfio serve</c>: what clients of it can do, and what it tells.</summary>
public sealed class ServeTests : IDisposable
{
    // Their descriptors are the server's: nobody else is to close them.
    private static readonly List<Socket> PassedOn = [];

    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("shared")]
    [InlineData("dedicated")]
    [InlineData("spinning")]
    public async Task A_tally_adds_interrupts_and_reads_memory_in_every_mode(string mode)
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"], "--mode", mode);
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop);
        await TallyRegisters.ShouldCountAsync(function, Stop);
    }

    [Fact]
    public async Task Linux_endpoint_test_checks_a_transfer_by_its_CRC()
    {
        // drivers/misc/pci_endpoint_test.c: SRC_ADDR 0x0c, SIZE 0x1c, CHECKSUM 0x20, IRQ_TYPE 0x24, IRQ_NUMBER 0x28, COMMAND 0x04, STATUS 0x08.
        await using ServeRun run = await ServeRun.StartAsync("endpoint-test", "--socket", folder["endpoint.sock"]);
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder["endpoint.sock"], stop: Stop);
        using Bar bar = function.MapBar(0);
        using MsixVectors vectors = await function.EnableMsixAsync(32, Stop);
        using DmaBuffer memory = function.Dma.Allocate(256 << 10);
        new Random(7).NextBytes(memory.Span);

        bar.Registers.Write32(0x0C, (uint)memory.Iova.Value);
        bar.Registers.Write32(0x10, (uint)(memory.Iova.Value >> 32));
        bar.Registers.Write32(0x1C, (uint)memory.Length);
        bar.Registers.Write32(0x20, KernelCrc.Of(memory.Span));
        bar.Registers.Write32(0x24, 2);
        bar.Registers.Write32(0x28, 17);
        bar.Registers.Write32(0x04, 1 << 3);
        await vectors[16].WaitAsync(Stop);
        bar.Registers.Read32(0x08).ShouldBe(1u | (1u << 6));
    }

    [Fact]
    public async Task At_each_socket_is_a_function_of_its_own()
    {
        string[] sockets = [folder["a.sock"], folder["b.sock"], folder["c.sock"]];
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", sockets[0], "--socket-path", sockets[1], "--socket", sockets[2]);
        await using PciFunction a = await VfioUserClient.ConnectAsync(sockets[0], stop: Stop);
        await using PciFunction b = await VfioUserClient.ConnectAsync(sockets[1], stop: Stop);
        using Bar ofA = a.MapBar(0);
        using Bar ofB = b.MapBar(0);
        ofA.Registers.Write32(Add, 7);
        ofB.Registers.Write32(Add, 35);
        ofA.Registers.Read64(Total).ShouldBe(7UL);
        ofB.Registers.Read64(Total).ShouldBe(35UL);

        CliRun end = await run.StopAsync();
        end.Status.ShouldBe(0);
        end.Output.ShouldBe(string.Concat(sockets.Select(socket => $"ready: tally at {socket}\n")));
        sockets.ShouldAllBe(socket => !File.Exists(socket));
        SpinWait.SpinUntil(() => a.IsLost, TimeSpan.FromMinutes(1)).ShouldBeTrue(); // the client's own thread notices
    }

    [Fact]
    public async Task What_a_client_leaves_the_next_finds()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"]);
        for (uint i = 1; i <= 3; i++)
        {
            await using PciFunction function = await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop);
            using Bar bar = function.MapBar(0);
            bar.Registers.Write32(Add, 1);
            bar.Registers.Read64(Total).ShouldBe(i);
        }
    }

    [Fact]
    public async Task A_listening_socket_can_be_passed_in()
    {
        var listener = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        listener.Bind(new UnixDomainSocketEndPoint(folder["passed.sock"]));
        listener.Listen();
        int descriptor = (int)listener.SafeHandle.DangerousGetHandle();
        PassedOn.Add(listener);

        await using ServeRun run = await ServeRun.StartAsync("tally", "--fd", $"{descriptor}");
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder["passed.sock"], stop: Stop);
        function.MsixVectorCount.ShouldBe(1);
        (await run.StopAsync()).Output.ShouldBe($"ready: tally at descriptor {descriptor}\n");
        File.Exists(folder["passed.sock"]).ShouldBeTrue("it is whoever passed it that removes it");
    }

    [Fact]
    public async Task Who_comes_and_goes_is_told_and_who_is_turned_away()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"]);
        await (await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop)).DisposeAsync();
        await run.WaitForLogAsync("client 1 (process " + Environment.ProcessId + ") is gone");
        using (var stranger = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified))
        {
            await stranger.ConnectAsync(new UnixDomainSocketEndPoint(folder["tally.sock"]), Stop);
            await stranger.SendAsync("GET / HTTP/1.1\r\n\r\n"u8.ToArray(), Stop);
            await run.WaitForLogAsync("turned away");
        }

        ServeRun.Plain((await run.StopAsync()).Error, folder.Path).ShouldBe("""
            info: /run/tally.sock: the page of the MSI-X table is mapped (msisIsolated); 'vfio connect' explains
            info: /run/tally.sock: client 1 (process 1234) has the function, version 0.2
            info: /run/tally.sock: client 1 (process 1234) is gone: it closed
            warning: /run/tally.sock: client 2 (process 1234) is turned away: a message says that it has 1414012975 bytes: 16 to 1114112 can be

            """);
    }

    [Fact]
    public async Task A_trace_shows_every_message()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"], "--trace");
        await using (PciFunction function = await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop))
        {
            using Bar bar = function.MapBar(0);
            using (await function.EnableMsixAsync(1, Stop))
            {
                bar.Registers.Write32(Add, 41);
                bar.Registers.Write32(Add, 1);
                bar.Registers.Read64(Total).ShouldBe(42UL);
            }

            await function.ResetAsync(Stop);
        }

        await run.WaitForLogAsync("is gone");
        Golden.ShouldMatch(ServeRun.Plain((await run.StopAsync()).Error, folder.Path), "serve-trace-tally");
    }

    [Fact]
    public async Task Registers_cost_a_message_each_and_mapped_memory_none()
    {
        await using ServeRun run = await ServeRun.StartAsync("endpoint-test", "--socket", folder["endpoint.sock"], "--json");
        await using (PciFunction function = await VfioUserClient.ConnectAsync(folder["endpoint.sock"], stop: Stop))
        {
            using Bar registers = function.MapBar(0);
            using Bar memory = function.MapBar(1);
            for (uint i = 0; i < 50; i++)
            {
                memory.Registers.Write32(4 * i, i);
                memory.Registers.Read32(4 * i).ShouldBe(i);
                registers.Registers.Write32(0, i);
            }

            registers.Registers.Read32(0).ShouldBe(49u);
        }

        JsonElement counts = Counts(await run.StopAsync());
        counts.GetProperty("schema").GetString().ShouldBe("vfiosharp.serve/1");
        counts.GetProperty("function").GetString().ShouldBe("endpoint-test");
        counts.GetProperty("socket").GetString().ShouldBe(folder["endpoint.sock"]);
        counts.GetProperty("clients").GetInt64().ShouldBe(1);
        counts.GetProperty("faults").GetInt64().ShouldBe(0);
        counts.GetProperty("writes").GetProperty("bar0").GetInt64().ShouldBe(50);
        counts.GetProperty("reads").GetProperty("bar0").GetInt64().ShouldBe(1);
        counts.GetProperty("writes").GetProperty("bar1").GetInt64().ShouldBe(0);
        counts.GetProperty("reads").GetProperty("bar1").GetInt64().ShouldBe(0);
        counts.GetProperty("messages").GetInt64().ShouldBeGreaterThan(51);
        counts.GetProperty("receives").GetInt64().ShouldBeGreaterThan(51);
        counts.GetProperty("sends").GetInt64().ShouldBeGreaterThan(51);
    }

    [Theory]
    [InlineData("requireIsolation", 0)]
    [InlineData("neverMap", 50)]
    public async Task The_rule_decides_whether_what_shares_the_tables_page_costs_messages(string rule, int messages)
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"], "--rule", rule, "--json");
        await using (PciFunction function = await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop))
        {
            using Bar table = function.MapBar(2);
            for (int i = 0; i < 50; i++)
            {
                table.Registers.Read32(0x100).ShouldBe(0u);
            }
        }

        Counts(await run.StopAsync()).GetProperty("reads").GetProperty("bar2").GetInt64().ShouldBe(messages);
    }

    [Fact]
    public async Task Interrupts_are_counted_and_the_counts_can_be_read()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"], "--socket", folder["idle.sock"], "--stats");
        await using (PciFunction function = await VfioUserClient.ConnectAsync(folder["tally.sock"], stop: Stop))
        {
            using Bar bar = function.MapBar(0);
            using MsixVectors vectors = await function.EnableMsixAsync(1, Stop);
            bar.Registers.Write64(Goal, 1);
            bar.Registers.Write32(Add, 1);
            await vectors[0].WaitAsync(Stop);
        }

        string[] lines = (await run.StopAsync()).Output.Split('\n');
        lines[2].ShouldBe($"tally at {folder["tally.sock"]}");
        lines[3].ShouldBe("  clients     1; 0 connections ended for what their peer did");
        lines[4].ShouldMatch(@"^  messages    \d+, 0 refused; \d+ receives, \d+ sends$");
        lines[5].ShouldMatch(@"^  reads       configuration space \d+$");
        lines[6].ShouldMatch(@"^  writes      BAR 0 2, configuration space \d+$");
        lines[7].ShouldBe("  interrupts  1");
        lines[8].ShouldBe("  memory      0 messages for what cannot be reached without");
        lines[9].ShouldBe($"tally at {folder["idle.sock"]}");
        lines[12].ShouldBe("  reads       none over the socket");
    }

    private static JsonElement Counts(CliRun run)
    {
        run.Status.ShouldBe(0);
        return JsonElement.Parse(run.Output.Split('\n').Single(line => line.StartsWith('{')));
    }
}
