using System.Text.Json;
using System.Text.RegularExpressions;
using VfioSharp.Cli.Tests.Serving;

namespace VfioSharp.Cli.Tests.Nvme;

/// <summary>vfio nvme, on controllers that vfio serve nvme serves.</summary>
public sealed partial class NvmeCommandTests : IDisposable
{
    private const int Length = 4 << 20;

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task Identify_tells_what_it_is_and_that_its_doorbells_are_mapped()
    {
        await using ServeRun run = await Serve("--size", "4M", "--size", "8M", "--block-size", "4096", "--serial", "S42", "--io-queues", "3");
        CliRun text = CliRun.Of("nvme", "identify", "--socket", folder["nvme.sock"]);
        text.Status.ShouldBe(0, text.Error);
        text.Output.ShouldContain("serial S42");
        text.Output.ShouldContain("3 for I/O");
        text.Output.ShouldContain("Doorbells mapped: a store each");
        text.Output.ShouldContain("Namespace 1: 4M, 1024 blocks of 4096 bytes");
        text.Output.ShouldContain("Namespace 2: 8M, 2048 blocks of 4096 bytes");

        JsonElement json = CliRun.Of("nvme", "identify", "--socket", folder["nvme.sock"], "--json").Json();
        json.GetProperty("schema").GetString().ShouldBe("vfiosharp.nvme/1");
        json.GetProperty("doorbellsMapped").GetBoolean().ShouldBeTrue();
        json.GetProperty("table").GetProperty("reason").GetString().ShouldBe("msisIsolated");
        json.GetProperty("namespaces").EnumerateArray().Select(each => each.GetProperty("length").GetInt64()).ShouldBe([4 << 20, 8 << 20]);
    }

    [Theory]
    [InlineData("--host-bridge vtd", true)]
    [InlineData("--host-bridge vtd --advertised-only --allow-unsafe-interrupts", false)]
    [InlineData("--host-bridge vtd --advertised-only --allow-unsafe-interrupts --msix-bar own", true)]
    [InlineData("--rule neverMap", false)]
    [InlineData("--doorbells trapped", false)]
    public async Task Doorbells_are_mapped_unless_their_page_is_the_tables_and_that_is_trapped(string options, bool mapped)
    {
        await using ServeRun run = await Serve(["--size", "4M", .. options.Split(' ')]);
        JsonElement json = CliRun.Of("nvme", "identify", "--socket", folder["nvme.sock"], "--json").Json();
        json.GetProperty("doorbellsMapped").GetBoolean().ShouldBe(mapped);
    }

    [Fact]
    public async Task What_is_written_is_read_back_and_is_in_the_file()
    {
        string image = File("disk.img", new byte[Length]);
        string data = File("data", Bytes(3 * 512 * 1024));
        await using (ServeRun run = await Serve("--file", image))
        {
            CliRun write = CliRun.Of("nvme", "write", "--socket", folder["nvme.sock"], "--block", "16", "-i", data);
            write.Output.ShouldBe("3072 blocks of 512 bytes written to namespace 1 from block 16 on\n", write.Error);
            CliRun.Of("nvme", "flush", "--socket", folder["nvme.sock"]).Output.ShouldBe("namespace 1: flushed\n");
            CliRun read = CliRun.Of("nvme", "read", "--socket", folder["nvme.sock"], "--block", "16", "--blocks", "3072", "-o", folder["copy"]);
            read.Status.ShouldBe(0, read.Error);
        }

        System.IO.File.ReadAllBytes(folder["copy"]).ShouldBe(Bytes(3 * 512 * 1024));
        System.IO.File.ReadAllBytes(image).AsSpan(16 * 512, 3 * 512 * 1024).SequenceEqual(Bytes(3 * 512 * 1024)).ShouldBeTrue();
    }

    [Fact]
    public async Task A_block_is_dumped_as_hexdump_does()
    {
        byte[] image = new byte[Length];
        "VfioSharp"u8.CopyTo(image.AsSpan(1024));
        await using ServeRun run = await Serve("--file", File("disk.img", image));
        CliRun.Of("nvme", "read", "--socket", folder["nvme.sock"], "--block", "2").Output.ShouldBe(
            "00000400  56 66 69 6f 53 68 61 72  70 00 00 00 00 00 00 00  |VfioSharp.......|\n"
            + "00000410  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n*\n"
            + "000005f0  00 00 00 00 00 00 00 00  00 00 00 00 00 00 00 00  |................|\n");
    }

    [Fact]
    public async Task Data_that_does_not_fit_is_refused_before_anything_is_written()
    {
        string image = File("disk.img", new byte[Length]);
        string[] write = ["nvme", "write", "--socket", folder["nvme.sock"]];
        await using (ServeRun run = await Serve("--file", image))
        {
            CliRun.Of([.. write, "-i", File("odd", Bytes(700))]).ShouldBeRefused(64, "700 bytes are no multiple of the block's 512", "--pad", "nothing was written");
            CliRun.Of([.. write, "--block", "8190", "-i", File("long", Bytes(2048))]).ShouldBeRefused(64, "do not fit into the 2 blocks");
            CliRun.Of([.. write, "--block", "9000", "-i", File("some", Bytes(512))]).ShouldBeRefused(64, "namespace 1 has 8192 blocks");
            CliRun.Of([.. write, "-n", "7", "-i", folder["some"]]).ShouldBeRefused(66, "has no namespace 7; it has: 1");
            CliRun.Of([.. write, "-i", folder["none"]]).ShouldBeRefused(66, "there is no such file");
        }

        System.IO.File.ReadAllBytes(image).ShouldAllBe(each => each == 0);
        await using (ServeRun run = await Serve("--file", image))
        {
            CliRun.Of([.. write, "--pad", "--fua", "-i", folder["odd"]]).Output.ShouldStartWith("2 blocks of 512 bytes written");
        }

        System.IO.File.ReadAllBytes(image).AsSpan(0, 700).SequenceEqual(Bytes(700)).ShouldBeTrue();
    }

    [Theory]
    [InlineData("randRead")]
    [InlineData("randWrite")]
    [InlineData("randRw")]
    [InlineData("read")]
    [InlineData("write")]
    public async Task Perf_counts_what_it_did_and_the_controller_counts_the_same(string workload)
    {
        await using ServeRun run = await Serve("--size", "4M", "--stats");
        JsonElement json = CliRun.Of("nvme", "perf", "--socket", folder["nvme.sock"], "-t", "1", "-q", "8", "-w", workload, "--overwrite", "--json").Json();
        json.GetProperty("schema").GetString().ShouldBe("vfiosharp.perf/1");
        json.GetProperty("errors").GetInt64().ShouldBe(0);
        long operations = json.GetProperty("operations").GetInt64();
        operations.ShouldBeGreaterThan(8);
        json.GetProperty("queues").GetArrayLength().ShouldBe(1);
        JsonElement latency = json.GetProperty("latency");
        latency.GetProperty("p50").GetDouble().ShouldBeLessThanOrEqualTo(latency.GetProperty("p999").GetDouble());

        Match commands = Commands().Match((await run.StopAsync()).Output);
        commands.Success.ShouldBeTrue();
        (long.Parse(commands.Groups["reads"].Value) + long.Parse(commands.Groups["writes"].Value)).ShouldBe(operations);
    }

    [Theory]
    [InlineData("--interrupts")]
    [InlineData("--queues 2")]
    [InlineData("-o 128K -q 4")]
    public async Task Perf_prints_a_table(string options)
    {
        await using ServeRun run = await Serve("--size", "4M");
        CliRun perf = CliRun.Of(["nvme", "perf", "--socket", folder["nvme.sock"], "-t", "1", .. options.Split(' ')]);
        perf.Status.ShouldBe(0, perf.Error);
        perf.Output.ShouldContain("IOPS     MiB/s    avg us      p50      p99    p99.9       max\n");
        perf.Output.Split('\n').Count(line => Row().IsMatch(line)).ShouldBe(options == "--queues 2" ? 3 : 1);
    }

    [Theory]
    [InlineData("nvme identify", 64, "which controller? ADDRESS is one of this host's, --socket PATH one that is served")]
    [InlineData("nvme identify 00:01.0 --socket a", 64, "ADDRESS and --socket exclude each other")]
    [InlineData("nvme identify there", 64, "'there' is not a PCI address")]
    [InlineData("nvme identify --socket /nowhere.sock", 66, "/nowhere.sock is not there: start the server first")]
    [InlineData("nvme perf --socket a -w randWrite", 64, "destroys what the namespace holds: say --overwrite too")]
    [InlineData("nvme perf --socket a -w sideways", 64, "not one of randRead, randWrite, randRw, read, write")]
    [InlineData("nvme perf --socket a -q 0", 64, "--queue-depth 0: not a number from 1 to 4095")]
    [InlineData("nvme perf --socket a --queues 129", 64, "--queues 129: not a number from 1 to 128")]
    [InlineData("nvme write --socket a", 64, "--input")]
    [InlineData("serve nvme --socket a", 64, "on what? --file IMG is a namespace on a file, --size 1G one in memory")]
    [InlineData("serve tally --socket a --size 1M", 64, "--size goes with nvme")]
    [InlineData("serve nvme --socket a --size big", 64, "--size big: not a size below 8E")]
    [InlineData("serve nvme --socket a --size 1000", 64, "1000 bytes are not a whole number of blocks of 512")]
    [InlineData("serve nvme --socket a --size 1M --block-size 1024", 64, "blocks of 1024 bytes: a namespace has blocks of 512 or 4096")]
    [InlineData("serve nvme --socket a --size 1M --io-queues 129", 64, "128")]
    [InlineData("serve nvme --socket a --socket b --file x", 64, "one --file for several sockets")]
    [InlineData("serve nvme --socket a --socket b --file x --file y --file z", 64, "3 namespaces for 2 sockets")]
    [InlineData("serve nvme --socket a --file /nowhere.img", 66, "/nowhere.img")]
    public void A_wrong_command_line_says_what_is_wrong(string line, int status, string said) => CliRun.Of(line.Split(' ')).ShouldBeRefused(status, said);

    [Fact]
    public async Task What_is_no_NVMe_controller_is_not_driven()
    {
        await using ServeRun run = await ServeRun.StartAsync("tally", "--socket", folder["tally.sock"]);
        CliRun.Of("nvme", "identify", "--socket", folder["tally.sock"]).ShouldBeRefused(74, folder["tally.sock"]);
    }

    private static byte[] Bytes(int length)
    {
        byte[] bytes = new byte[length];
        new Random(length).NextBytes(bytes);
        return bytes;
    }

    private string File(string name, byte[] content)
    {
        System.IO.File.WriteAllBytes(folder[name], content);
        return folder[name];
    }

    private Task<ServeRun> Serve(params string[] options) => ServeRun.StartAsync(["nvme", "--socket", folder["nvme.sock"], .. options]);

    [GeneratedRegex(@"commands +(?<reads>\d+) reads, (?<writes>\d+) writes")]
    private static partial Regex Commands();

    [GeneratedRegex(@"^(queue \d+|all|) +\d+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+ +[\d.]+$")]
    private static partial Regex Row();
}
