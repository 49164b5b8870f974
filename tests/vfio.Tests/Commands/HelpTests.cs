using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Commands;

/// <summary>What a user is told who asks.</summary>
public sealed class HelpTests
{
    [Theory]
    [InlineData("", "audit", "show", "plan", "snapshot", "list", "bind", "unbind", "diff", "fleet", "serve", "connect", "host", "nvme", "demo", "--version")]
    [InlineData("audit", "ADDRESS", "--root", "--json", "--html <FILE>", "--page-size", "--rule", "requireIsolation|neverMap|acceptRisk", "Exit status")]
    [InlineData("show", "ADDRESS", "--root", "--json", "--rule", "Exit status")]
    [InlineData("plan", "--bar", "--table", "--vectors", "--pba", "--page-size", "--verdict", "--rule", "--backend", "whole|none|OFF+LEN", "--json", "Example")]
    [InlineData("snapshot", "-o, --output", "--root", "nothing secret")]
    [InlineData("serve", "tally", "endpoint-test", "nvme", "--file <IMG>", "--size <SIZE>", "--block-size", "--read-only", "--direct", "--msix-bar <shared|own>", "--doorbells <mapped|trapped>",
        "--poll", "--io-queues", "--serial", "--socket, --socket-path <PATH>", "--fd <N>", "--mode <shared|dedicated|spinning>", "--rule", "--trust-peer-memory",
        "--socket-mode <OCTAL>", "--trace", "--stats", "--json", "--host-bridge <none|vtd|amdvi|ioda|ioda2|its|v2m|s390|imsic>", "--allow-unsafe-interrupts",
        "ready: FUNCTION at PATH", "Exit status", "Examples")]
    [InlineData("diff", "BEFORE", "AFTER", "--json", "Exit status", "Examples")]
    [InlineData("fleet", "DIR|FILE", "--ndjson <FILE>", "Exit status", "Examples")]
    [InlineData("connect", "PATH", "--json", "--rule", "--trust-peer-memory", "--trace", "Exit status", "Examples")]
    [InlineData("demo", "--time <SECONDS>")]
    [InlineData("nvme", "identify", "read", "write", "flush", "perf", "Examples")]
    [InlineData("nvme identify", "ADDRESS", "--socket <PATH>", "--rule", "--trust-peer-memory", "--json", "Example")]
    [InlineData("nvme read", "--blocks <N>", "--block <N>", "-n, --namespace <ID>", "-o, --output <FILE>", "Examples")]
    [InlineData("nvme write", "-i, --input <FILE>", "--pad", "--fua", "--block <N>", "Example")]
    [InlineData("nvme flush", "--namespace <ID>", "Example")]
    [InlineData("nvme perf", "-w, --workload <randRead|randWrite|randRw|read|write>", "-o, --io-size <SIZE>", "-q, --queue-depth <1-4095>", "--queues <1-128>",
        "-t, --time <1-86400>", "--interrupts", "--overwrite", "--json", "Exit status", "Examples")]
    [InlineData("host", "--bridge <none|vtd|amdvi|ioda|ioda2|its|v2m|s390|imsic>", "--advertised-only", "--nosid", "--compatibility-format", "--no-iommu",
        "--interrupt-files <shared|own|mrif>", "--allow-unsafe-interrupts", "--dialect <silent|sparse|patchSeries|msixMappable>", "--processors <1-254>",
        "--topology <FILE>", "--attack", "--seed", "--serve <DIR>", "--trace", "--json", "Exit status", "Examples")]
    public void Every_command_explains_itself_and_all_its_options(string command, params string[] said)
    {
        foreach (string option in (string[])["--help", "-h", "-?"])
        {
            CliRun run = CliRun.Of([.. command.Split(' ', StringSplitOptions.RemoveEmptyEntries), option]);
            run.Status.ShouldBe(0);
            run.Error.ShouldBeEmpty();
            foreach (string word in said)
            {
                run.Output.ShouldContain(word, Case.Sensitive);
            }
        }
    }

    [Fact]
    public void The_example_in_the_help_of_plan_works()
    {
        string example = Regex.Match(CliRun.Of("plan", "--help").Output, "Example: vfio (.*)").Groups[1].Value;
        example.ShouldStartWith("plan --bar 64K");
        CliRun.Of(example.Trim().Split(' ')).Status.ShouldBe(0);
    }

    [Fact]
    public void The_version_is_a_number_on_a_line()
    {
        CliRun run = CliRun.Of("--version");
        run.Status.ShouldBe(0);
        run.Error.ShouldBeEmpty();
        run.Output.ShouldMatch(@"^\d+\.\d+\.\d+[^\n]*\n$");
    }
}
