using System.Diagnostics;
using System.Globalization;
using System.Text.RegularExpressions;

namespace VfioSharp.Cli.Tests.Programs;

/// <summary>The program as a process: signals, terminals, locales, disks, users.</summary>
public sealed partial class ProgramTests : IDisposable
{
    private static readonly string Host = CapturedHost.Archive("x86-intel-noir");

    private readonly TemporaryFolder folder = new();

    public void Dispose() => folder.Dispose();

    [Fact]
    public async Task It_prints_what_the_command_line_prints_and_ends_as_it_does()
    {
        CliRun child = await Program.RunAsync(Program.Line("audit", "--root", Host));
        CliRun here = CliRun.Of("audit", "--root", Host);
        child.ShouldBe(here);
        (await Program.RunAsync(Program.Line("audit", "--root", folder["nothing"]))).ShouldBeRefused(66, folder["nothing"]);
    }

    [Theory]
    [InlineData("audit --root {fifo}")]
    [InlineData("audit --json --root {fifo}")]
    [InlineData("show 0:3.0 --root {fifo}")]
    [InlineData("snapshot -o {folder}/out.tar.gz --root {fifo}")]
    public async Task Ctrl_C_ends_a_command_with_130_even_while_it_waits_for_its_input(string line)
    {
        string fifo = folder.Fifo("fifo");
        string[] arguments = [.. line.Split(' ').Select(word => word.Replace("{fifo}", fifo, StringComparison.Ordinal)
            .Replace("{folder}", folder.Path, StringComparison.Ordinal))];
        CancellationToken stop = TestContext.Current.CancellationToken;
        using Process process = Program.Start(Program.Line(arguments));

        // Opening for writing waits until the program has opened for reading; it then waits for bytes that never come.
        using FileStream writer = await Task.Run(() => new FileStream(fifo, FileMode.Open, FileAccess.Write, FileShare.ReadWrite), stop)
            .WaitAsync(TimeSpan.FromMinutes(1), stop);
        using (Process kill = Process.Start("kill", ["-INT", process.Id.ToString(CultureInfo.InvariantCulture)]))
        {
            await kill.WaitForExitAsync(stop);
        }

        CliRun run = await Program.EndAsync(process);
        run.Status.ShouldBe(130);
        run.Output.ShouldBeEmpty();
        run.Error.ShouldBeEmpty();
        Directory.GetFileSystemEntries(folder.Path).ShouldBe([fifo]);
    }

    [Theory]
    [InlineData(80)]
    [InlineData(120)]
    public async Task On_a_terminal_there_are_colours_and_boxes_and_lines_fit(int columns)
    {
        string output = await OnTerminal(columns, noColour: null, "audit", "--root", Host);
        output.ShouldContain('│');
        output.ShouldContain("\e[38;5;");
        EscapeCode().Replace(output, "").Split('\n').ShouldAllBe(line => line.TrimEnd('\r').Length <= columns);
    }

    [Theory]
    [InlineData("1", false)]
    [InlineData("0", false)]
    [InlineData(null, true)]
    public async Task NO_COLOR_takes_the_colours_away(string? value, bool coloured)
    {
        string output = await OnTerminal(80, value, "audit", "--root", Host);
        output.Contains("\e[38", StringComparison.Ordinal).ShouldBe(coloured);
        output.ShouldContain('│');
    }

    [Fact]
    public async Task A_terminal_without_escape_codes_gets_none()
    {
        string output = await OnTerminal(80, null, "audit", "--root", Host, "TERM=dumb");
        output.ShouldNotContain("\e[3");
        output.ShouldNotContain('│');
        output.ShouldContain("not isolated");
    }

    [Fact]
    public async Task JSON_on_a_terminal_is_JSON()
    {
        string output = await OnTerminal(80, null, "audit", "--json", "--root", Host);
        output[output.IndexOf('{', StringComparison.Ordinal)..].ReplaceLineEndings("\n").ShouldBe(CliRun.Of("audit", "--json", "--root", Host).Output);
    }

    [Theory]
    [InlineData("C")]
    [InlineData("en_US.ISO-8859-1")]
    [InlineData("de_DE.UTF-8")]
    public async Task Output_is_UTF8_and_the_same_in_every_locale(string locale)
    {
        string host = new AlteredHost("x86-intel-ir").With("usr/share/misc/pci.ids", "1b36  Röd Hatt™ …\n\t0010  Контроллер NVMe\n").WriteTo(folder);
        foreach (string[] arguments in (string[][])[["audit", "0:3.0", "--root", host], ["audit", "0:3.0", "--json", "--root", host]])
        {
            CliRun run = await Program.RunAsync(Program.Line(arguments), start => start.Environment["LC_ALL"] = locale);
            run.ShouldBe(CliRun.Of(arguments));
            run.Output.ShouldContain("Röd Hatt™ … Контроллер NVMe");
            run.Output.ShouldNotContain('\ufeff');
        }
    }

    [Theory]
    [InlineData("audit")]
    [InlineData("audit --json")]
    [InlineData("show 0:3.0")]
    public async Task A_full_disk_ends_with_74_and_a_sentence(string line)
    {
        CliRun run = await Program.RunAsync(["sh", "-c", "exec \"$@\" >/dev/full", "sh", .. Program.Line([.. line.Split(' '), "--root", Host])]);
        run.Status.ShouldBe(74);
        run.Error.ShouldStartWith("vfio: No space left on device");
        run.Error.Split('\n').Length.ShouldBe(2);
    }

    [Fact]
    public async Task A_reader_that_leaves_early_is_no_matter()
    {
        CliRun run = await Program.RunAsync(["sh", "-c", "\"$@\" | head -n 1", "sh", .. Program.Line("audit", "--root", CapturedHost.Archive("x86-intel-ir-rich"))]);
        run.Output.ShouldStartWith("Host: x86_64");
        run.Error.ShouldBeEmpty();
    }

    [Fact]
    public async Task Without_privilege_this_machine_is_audited_and_what_was_not_seen_is_said()
    {
        string[] nobody = Nobody();
        CliRun json = await RunCopyAsync(nobody, "audit", "--json");
        CliRun text = await RunCopyAsync(nobody, "audit");
        Audit.AuditDocument.Check(json.Json());
        json.Json().GetProperty("host").GetProperty("privileged").GetBoolean().ShouldBeFalse();
        json.Status.ShouldBeOneOf(0, 1, 2);
        text.Status.ShouldBe(json.Status);
        if (json.Json().GetProperty("functions").GetArrayLength() > 0)
        {
            text.Output.ShouldContain("\nWithout privilege: ");
            text.Output.ShouldContain("Root would add ");
        }

        // A verdict without privilege is root's, or unknown.
        foreach ((System.Text.Json.JsonElement theirs, System.Text.Json.JsonElement roots) in json.Json().GetProperty("functions").EnumerateArray()
            .Zip(CliRun.Of("audit", "--json").Json().GetProperty("functions").EnumerateArray()))
        {
            theirs.GetProperty("address").GetString().ShouldBe(roots.GetProperty("address").GetString());
            theirs.GetProperty("isolation").GetProperty("verdict").GetString()
                .ShouldBeOneOf("unknown", roots.GetProperty("isolation").GetProperty("verdict").GetString());
        }
    }

    [Fact]
    public async Task A_snapshot_made_without_privilege_is_audited_as_this_machine_is_without()
    {
        string[] nobody = Nobody();
        Directory.CreateDirectory(folder["theirs"]);
        File.SetUnixFileMode(folder["theirs"], (UnixFileMode)0b111_111_111);
        string file = folder["theirs/host.tar.gz"];
        (await RunCopyAsync(nobody, "snapshot", "-o", file)).Status.ShouldBe(0);
        CliRun.Of("audit", "--json", "--root", file).Output.ShouldBe((await RunCopyAsync(nobody, "audit", "--json")).Output);

        Directory.CreateDirectory(folder["ours"]);
        File.SetUnixFileMode(folder["ours"], (UnixFileMode)0b111_101_101);
        (await RunCopyAsync(nobody, "snapshot", "-o", folder["ours/host.tar.gz"]))
            .ShouldBeRefused(74, $"cannot write {folder["ours/host.tar.gz"]}: permission denied");
        Directory.GetFileSystemEntries(folder["ours"]).ShouldBeEmpty();
    }

    [Fact]
    public async Task What_may_not_be_read_ends_with_74_and_is_named()
    {
        string[] nobody = Nobody();
        File.Copy(Host, folder["secret.tar.gz"]);
        File.SetUnixFileMode(folder["secret.tar.gz"], UnixFileMode.UserRead);
        (await RunCopyAsync(nobody, "audit", "--root", folder["secret.tar.gz"])).ShouldBeRefused(74, $"--root {folder["secret.tar.gz"]}: permission denied");
    }

    private static async Task<string> OnTerminal(int columns, string? noColour, params string[] arguments)
    {
        Assert.SkipUnless(File.Exists("/usr/bin/script"), "script(1), which makes a terminal, is not installed");
        string term = arguments[^1].StartsWith("TERM=", StringComparison.Ordinal) ? arguments[^1][5..] : "xterm-256color";
        string[] words = Program.Line([.. arguments.Where(word => !word.StartsWith("TERM=", StringComparison.Ordinal))]);
        string line = $"stty cols {columns} rows 40; {string.Join(' ', words.Select(word => $"'{word}'"))}";
        CliRun run = await Program.RunAsync(["script", "-qec", line, "/dev/null"], start =>
        {
            start.Environment["NO_COLOR"] = noColour;
            start.Environment["TERM"] = term;
            start.RedirectStandardInput = true;
        });
        run.Status.ShouldBe(1, run.Error);
        return run.Output;
    }

    // The words that make a command run as nobody, or a skip with its reason.
    private static string[] Nobody()
    {
        Assert.SkipUnless(Environment.IsPrivilegedProcess, "only root can become another user");
        Assert.SkipUnless(File.Exists("/usr/bin/setpriv"), "setpriv(1) is not installed");
        string[] nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"];
        using Process probe = Process.Start(new ProcessStartInfo(nobody[0], [.. nobody[1..], "test", "-x", Program.Dotnet]) { RedirectStandardError = true })!;
        probe.WaitForExit();
        Assert.SkipUnless(probe.ExitCode == 0, "this root may not become another user, or another user may not run dotnet");
        return nobody;
    }

    // These tests' own folder may be closed to others: the program runs from a copy that is not.
    private Task<CliRun> RunCopyAsync(string[] before, params string[] arguments)
    {
        const UnixFileMode Open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        if (!Directory.Exists(folder["program"]))
        {
            File.SetUnixFileMode(folder.Path, Open);
            Directory.CreateDirectory(folder["program"], Open);
            File.SetUnixFileMode(folder["program"], Open);
            foreach (string file in Directory.GetFiles(AppContext.BaseDirectory).Where(file => Path.GetExtension(file) is ".dll" or ".json"))
            {
                File.Copy(file, folder[$"program/{Path.GetFileName(file)}"]);
                File.SetUnixFileMode(folder[$"program/{Path.GetFileName(file)}"], Open);
            }
        }

        return Program.RunAsync([.. before, Program.Dotnet, folder["program/vfio.dll"], .. arguments]);
    }

    [GeneratedRegex("\e(\\[[0-9;?]*[a-zA-Z]|=|>)")]
    private static partial Regex EscapeCode();
}
