namespace VfioSharp.Cli.Tests.Commands;

/// <summary>How every command ends, and what it says when it refuses: the verdict's statuses, then sysexits.h.</summary>
public sealed class ExitStatusTests : IDisposable
{
    private static readonly string[] Plan = ["plan", "--bar", "64K", "--table", "0x5200", "--vectors", "129", "--pba", "0xd600"];

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("x86-intel-ir", 0)]
    [InlineData("x86-intel-ir-rich", 0)]
    [InlineData("arm64-smmuv3-its", 0)]
    [InlineData("ppc64-pseries", 0)]
    [InlineData("s390x-zpci", 0)]
    [InlineData("x86-intel-noir", 1)]
    [InlineData("x86-intel-noir-unsafe", 1)]
    [InlineData("x86-intel-ir-nosid", 1)]
    [InlineData("x86-intel-ir-off-by-cmdline", 1)]
    [InlineData("x86-intel-iommu-off", 1)]
    [InlineData("x86-amd-noir", 1)]
    [InlineData("x86-amd-ir", 1)] // the IOMMU's own function is in no group
    [InlineData("ppc64-powernv9", 1)] // nor are the root ports
    [InlineData("x86-no-iommu", 1)]
    [InlineData("arm64-smmuv3-gicv2m", 1)]
    [InlineData("arm64-noiommu-its", 1)]
    [InlineData("riscv64-imsic-iommu", 1)]
    public void An_audit_ends_as_its_verdicts_ask_with_JSON_and_without(string host, int status)
    {
        string archive = CapturedHost.Archive(host);
        CliRun.Of("audit", "--root", archive).Status.ShouldBe(status);
        CliRun.Of("audit", "--json", "--root", archive).Status.ShouldBe(status);
    }

    [Fact]
    public void A_host_without_functions_has_nothing_to_judge()
    {
        Directory.CreateDirectory(folder["host/sys/bus/pci/devices"]);
        Directory.CreateDirectory(folder["host/proc"]);
        folder.File("host/proc/cmdline", "quiet\n");
        CliRun run = CliRun.Of("audit", "--root", folder["host"]);
        run.Status.ShouldBe(0);
        run.Output.ShouldContain("nothing to judge");
        CliRun.Of("audit", "--json", "--root", folder["host"]).Json().GetProperty("functions").GetArrayLength().ShouldBe(0);
    }

    [Fact]
    public void What_nobody_can_tell_is_unknown_and_ends_with_2()
    {
        string archive = new AlteredHost("x86-intel-ir").WithoutInterrupts().WriteTo(folder);
        CliRun.Of("audit", "--root", archive).Status.ShouldBe(2);
        CliRun.Of("audit", "--json", "--root", archive).Status.ShouldBe(2);
        CliRun.Of("show", "0:3.0", "--root", archive).Status.ShouldBe(2);
        CliRun.Of("show", "0:3.0", "--json", "--root", archive).Status.ShouldBe(2);
    }

    [Fact]
    public void Not_isolated_beats_unknown()
    {
        string archive = new AlteredHost("x86-intel-ir").WithoutInterrupts().Without("0000:00:03[.]0/iommu_group$").WriteTo(folder);
        CliRun.Of("audit", "--root", archive).Status.ShouldBe(1);
        CliRun.Of("audit", "0:4.0", "--root", archive).Status.ShouldBe(2);
        CliRun.Of("audit", "0:3.0", "--root", archive).Status.ShouldBe(1);
        CliRun.Of("audit", "0:4.0", "0:3.0", "--root", archive).Status.ShouldBe(1);
    }

    [Theory]
    [InlineData("x86-intel-ir", 0)]
    [InlineData("x86-intel-noir", 1)]
    public void Show_ends_as_an_audit_of_the_function_does(string host, int status)
    {
        CliRun.Of("show", "0:3.0", "--root", CapturedHost.Archive(host)).Status.ShouldBe(status);
        CliRun.Of("show", "0:3.0", "--json", "--root", CapturedHost.Archive(host)).Status.ShouldBe(status);
    }

    [Theory]
    [InlineData("isolated")]
    [InlineData("notIsolated")]
    [InlineData("unknown")]
    public void A_plan_judges_nothing_and_ends_with_0(string verdict)
    {
        CliRun.Of([.. Plan, "--verdict", verdict]).Status.ShouldBe(0);
        CliRun.Of([.. Plan, "--verdict", verdict, "--json"]).Status.ShouldBe(0);
    }

    [Fact]
    public void A_snapshot_ends_with_0_whatever_the_verdict() =>
        CliRun.Of("snapshot", "-o", folder["out.tar.gz"], "--root", CapturedHost.Archive("x86-intel-noir")).Status.ShouldBe(0);

    [Theory]
    [InlineData("frobnicate", "command frobnicate")]
    [InlineData("--frobnicate", "option --frobnicate")]
    [InlineData("audit --frobnicate", "--frobnicate")]
    [InlineData("audit --json --frobnicate", "--frobnicate")]
    [InlineData("audit nonsense", "'nonsense'", "bus:device.function")]
    [InlineData("audit nonsense --json", "'nonsense'", "bus:device.function")]
    [InlineData("audit 0000:00:20.0", "'0000:00:20.0'", "bus:device.function")]
    [InlineData("audit 0000:00:03.8", "'0000:00:03.8'")]
    [InlineData("audit --page-size 5000", "--page-size 5000", "power of two")]
    [InlineData("audit --page-size 2K", "--page-size 2K", "from 4K")]
    [InlineData("audit --page-size 2G", "--page-size 2G", "to 1G")]
    [InlineData("audit --page-size none", "--page-size none")]
    [InlineData("audit --rule maybe", "--rule maybe", "requireIsolation, neverMap, acceptRisk")]
    [InlineData("audit --root", "--root")]
    [InlineData("show", "ADDRESS")]
    [InlineData("show nonsense", "'nonsense'", "bus:device.function")]
    [InlineData("show nonsense --json", "'nonsense'")]
    [InlineData("show 00:03.0 00:04.0", "00:04.0")]
    [InlineData("plan", "--bar", "--table", "--vectors")]
    [InlineData("plan --bar", "--bar")]
    [InlineData("plan --frobnicate --bar 4K --table 0 --vectors 1", "--frobnicate")]
    [InlineData("plan --bar 4K --table 0 --vectors many", "--vectors many")]
    [InlineData("plan --bar 4K --table 0 --vectors 99999999999", "--vectors 99999999999", "2048")]
    [InlineData("plan --bar 4K --table 0 --vectors 1 --verdict maybe", "--verdict maybe", "isolated, notIsolated")]
    [InlineData("plan --bar 4K --table 0 --vectors 1 --verdict 1", "--verdict 1")]
    [InlineData("plan --bar 4K --bar 8K --table 0 --vectors 1", "--bar")]
    [InlineData("snapshot", "--output")]
    [InlineData("snapshot -o", "-o")]
    [InlineData("snapshot -o - ", "--output -", "file")]
    [InlineData("snapshot -o a b", "b")]
    public void A_wrong_command_line_ends_with_64_and_says_which_word_is_wrong(string line, params string[] said)
    {
        string[] words = line.Split(' ', StringSplitOptions.RemoveEmptyEntries);
        CliRun run = CliRun.Of(words).ShouldBeRefused(64, said);
        string command = words[0] is "audit" or "show" or "plan" or "snapshot" ? $"vfio {words[0]}" : "vfio";
        run.Error.ShouldEndWith($"Try '{command} --help'.\n");
        run.Error.ShouldNotContain("System.");
    }

    [Fact]
    public void No_command_ends_with_64_and_says_what_to_try() => CliRun.Of().ShouldBeRefused(64, "Try 'vfio --help'.");

    [Theory]
    [InlineData("audit")]
    [InlineData("audit --json")]
    [InlineData("show 0:3.0")]
    [InlineData("show 0:3.0 --json")]
    [InlineData("snapshot -o {folder}/out.tar.gz")]
    public void An_input_that_is_not_there_ends_with_66_and_is_named(string line)
    {
        string[] words = Words(line);
        CliRun.Of([.. words, "--root", folder["nothing"]]).ShouldBeRefused(66, $"--root {folder["nothing"]}");
        CliRun.Of([.. words, "--root", folder.File("file", "") + "/below"]).ShouldBeRefused(66, "/file/below");
        CliRun.Of([.. words, "--root", ""]).ShouldBeRefused(66, "--root");
        Directory.CreateDirectory(folder["empty"]);
        CliRun.Of([.. words, "--root", folder["empty"]]).ShouldBeRefused(66, $"--root {folder["empty"]}", "sys/", "vfio snapshot");
        File.Exists(folder["out.tar.gz"]).ShouldBeFalse();
    }

    [Theory]
    [InlineData("audit 0:3.0 0:1e.7")]
    [InlineData("audit --json 0:1e.7")]
    [InlineData("audit 0001:00:03.0")]
    [InlineData("show 0:1e.7")]
    [InlineData("show 0:1e.7 --json")]
    public void A_function_that_the_host_does_not_have_ends_with_66_and_is_named(string line) =>
        CliRun.Of([.. line.Split(' '), "--root", CapturedHost.Archive("x86-intel-ir")])
            .ShouldBeRefused(66, line.Contains("0001", StringComparison.Ordinal) ? "0001:00:03.0" : "0000:00:1e.7", "vfio audit");

    [Theory]
    [InlineData("audit")]
    [InlineData("audit --json")]
    [InlineData("show 0:3.0")]
    [InlineData("show 0:3.0 --json")]
    [InlineData("snapshot -o {folder}/out.tar.gz")]
    public void An_input_that_cannot_be_read_ends_with_74_and_is_named(string line)
    {
        string[] words = Words(line);
        CliRun.Of([.. words, "--root", folder.File("text", "no archive at all, but long enough to hold a header " + new string('x', 1000))])
            .ShouldBeRefused(74, $"--root {folder["text"]}", "tar archive");
        CliRun.Of([.. words, "--root", folder.File("nothing", "")]).ShouldBeRefused(74, $"--root {folder["nothing"]}", "empty");

        byte[] whole = File.ReadAllBytes(CapturedHost.Archive("x86-intel-ir"));
        File.WriteAllBytes(folder["cut.tar.gz"], whole[..(whole.Length / 2)]);
        CliRun.Of([.. words, "--root", folder["cut.tar.gz"]]).ShouldBeRefused(74, $"--root {folder["cut.tar.gz"]}");

        File.CreateSymbolicLink(folder["loop"], "loop");
        CliRun.Of([.. words, "--root", folder["loop"]]).ShouldBeRefused(74, $"--root {folder["loop"]}");
        CliRun.Of([.. words, "--root", "/proc/self/mem"]).ShouldBeRefused(74, "--root /proc/self/mem");
        File.Exists(folder["out.tar.gz"]).ShouldBeFalse();
    }

    [Fact]
    public void What_is_wrong_is_said_even_where_output_is_JSON()
    {
        CliRun run = CliRun.Of("plan", "--json", "--bar", "4K", "--table", "1", "--vectors", "1");
        run.ShouldBeRefused(64, "tableOffset");
        run.Error.ShouldNotContain("{");
    }

    [Theory]
    [InlineData("audit")]
    [InlineData("audit --json")]
    [InlineData("show 0:3.0")]
    [InlineData("show 0:3.0 --json")]
    public void Output_that_cannot_be_written_ends_with_74(string line)
    {
        using var full = new FullDisk();
        using var error = new StringWriter();
        Cli.Run([.. line.Split(' '), "--root", CapturedHost.Archive("x86-intel-ir")], full, error, TestContext.Current.CancellationToken).ShouldBe(ExitStatus.IoError);
        error.ToString().ShouldBe("vfio: No space left on device\n");
    }

    private string[] Words(string line) => [.. line.Split(' ').Select(word => word.Replace("{folder}", folder.Path, StringComparison.Ordinal))];

    private sealed class FullDisk : StringWriter
    {
        public override void Write(char value) => throw new IOException("No space left on device");

        public override void Write(char[] buffer, int index, int count) => throw new IOException("No space left on device");

        public override void Write(string? value) => throw new IOException("No space left on device");

        public override void WriteLine(string? value) => throw new IOException("No space left on device");
    }
}
