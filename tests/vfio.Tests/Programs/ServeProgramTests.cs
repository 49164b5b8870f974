using System.Diagnostics;
using System.Globalization;
using VfioSharp.Devices;
using VfioSharp.Devices.Access;
using VfioSharp.VfioUser;

namespace VfioSharp.Cli.Tests.Programs;

/// <summary><c>vfio serve</c> as a process: signals, permissions, what other processes left behind.</summary>
public sealed class ServeProgramTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    private static CancellationToken Stop => TestContext.Current.CancellationToken;

    public void Dispose() => folder.Dispose();

    [Theory]
    [InlineData("INT")]
    [InlineData("TERM")]
    [InlineData("HUP")]
    public async Task A_signal_to_end_lets_go_of_clients_removes_the_sockets_and_ends_with_0(string signal)
    {
        string[] sockets = [folder["a.sock"], folder["b.sock"]];
        using Process process = await StartAsync("tally", sockets);
        await using PciFunction function = await VfioUserClient.ConnectAsync(sockets[0], stop: Stop);
        using Bar bar = function.MapBar(0);
        bar.Registers.Write32(0x10, 5);
        bar.Registers.Read64(0x08).ShouldBe(5UL);

        await SignalAsync(process, signal);
        CliRun end = await Program.EndAsync(process);
        end.Status.ShouldBe(0, end.Error);
        end.Output.ShouldBeEmpty(); // beyond the lines that told that it was ready
        Directory.GetFileSystemEntries(folder.Path).ShouldBeEmpty();
        bar.Registers.Read64(0x08).ShouldBe(ulong.MaxValue);
        function.IsLost.ShouldBeTrue();
    }

    [Theory]
    [InlineData("000", null, 0b110_000_000)]
    [InlineData("077", "660", 0b110_110_000)]
    [InlineData("022", "777", 0b111_111_111)]
    [InlineData("022", "0", 0)]
    public async Task The_sockets_permissions_are_its_owners_alone_or_what_was_asked_for_whatever_the_umask(string umask, string? mode, int expected)
    {
        string[] line = Program.Line(["serve", "tally", "--socket", folder["a.sock"], .. mode is null ? (string[])[] : ["--socket-mode", mode]]);
        using Process process = await StartAsync(["sh", "-c", $"umask {umask}; exec \"$@\"", "sh", .. line], "tally", [folder["a.sock"]]);
        File.GetUnixFileMode(folder["a.sock"]).ShouldBe((UnixFileMode)expected);
        await SignalAsync(process, "TERM");
        (await Program.EndAsync(process)).Status.ShouldBe(0);
    }

    [Fact]
    public async Task What_a_killed_server_left_behind_is_put_away()
    {
        using (Process killed = await StartAsync("tally", [folder["a.sock"]]))
        {
            killed.Kill();
            await killed.WaitForExitAsync(Stop);
        }

        File.Exists(folder["a.sock"]).ShouldBeTrue();
        using Process process = await StartAsync("tally", [folder["a.sock"]]);
        await (await VfioUserClient.ConnectAsync(folder["a.sock"], stop: Stop)).DisposeAsync();
        await SignalAsync(process, "TERM");
        (await Program.EndAsync(process)).Status.ShouldBe(0);
    }

    [Fact]
    public async Task A_socket_that_is_served_stays_with_who_serves_it()
    {
        using Process process = await StartAsync("tally", [folder["a.sock"]]);
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder["a.sock"], stop: Stop);
        CliRun second = await Program.RunAsync(Program.Line("serve", "tally", "--socket", folder["b.sock"], "--socket", folder["a.sock"]));
        second.ShouldBeRefused(74, $"somebody serves at {folder["a.sock"]} already");
        File.Exists(folder["b.sock"]).ShouldBeFalse();
        using Bar bar = function.MapBar(0);
        bar.Registers.Read32(0).ShouldBe(0x594C_4154u);
        await SignalAsync(process, "TERM");
        (await Program.EndAsync(process)).Status.ShouldBe(0);
    }

    [Fact]
    public async Task SIGUSR1_asks_for_the_counts_while_it_serves()
    {
        using Process process = await StartAsync("tally", [folder["a.sock"]], "--json");
        await (await VfioUserClient.ConnectAsync(folder["a.sock"], stop: Stop)).DisposeAsync();
        await SignalAsync(process, "USR1");
        string? line = await process.StandardOutput.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop);
        line.ShouldNotBeNull().ShouldContain("\"clients\":1,");
        process.HasExited.ShouldBeFalse();
        await SignalAsync(process, "TERM");
        (await Program.EndAsync(process)).Output.ShouldStartWith("{\"schema\":\"vfiosharp.serve/1\",");
    }

    [Fact]
    public async Task Where_nobody_can_be_told_that_it_is_ready_it_ends()
    {
        CliRun run = await Program.RunAsync(["sh", "-c", "exec \"$@\" >/dev/full", "sh", .. Program.Line("serve", "tally", "--socket", folder["a.sock"])]);
        run.Status.ShouldBe(74);
        run.Error.ShouldContain("vfio: No space left on device");
        File.Exists(folder["a.sock"]).ShouldBeFalse();
    }

    [Fact]
    public async Task A_log_that_cannot_be_written_ends_nobody()
    {
        string[] line = ["sh", "-c", "exec \"$@\" 2>/dev/full", "sh", .. Program.Line("serve", "tally", "--socket", folder["a.sock"], "--trace")];
        using Process process = await StartAsync(line, "tally", [folder["a.sock"]]);
        await using PciFunction function = await VfioUserClient.ConnectAsync(folder["a.sock"], stop: Stop);
        using Bar bar = function.MapBar(0);
        bar.Registers.Read32(0).ShouldBe(0x594C_4154u);
        await SignalAsync(process, "TERM");
        (await Program.EndAsync(process)).Status.ShouldBe(0);
    }

    private static async Task SignalAsync(Process process, string signal)
    {
        using Process kill = Process.Start("kill", [$"-{signal}", process.Id.ToString(CultureInfo.InvariantCulture)]);
        await kill.WaitForExitAsync(Stop);
    }

    private static Task<Process> StartAsync(string function, string[] sockets, params string[] options) =>
        StartAsync(Program.Line(["serve", function, .. sockets.SelectMany(socket => (string[])["--socket", socket]), .. options]), function, sockets);

    // Returns when it has said that it is ready.
    private static async Task<Process> StartAsync(string[] line, string function, string[] sockets)
    {
        Process process = Program.Start(line);
        foreach (string socket in sockets)
        {
            string? ready = await process.StandardOutput.ReadLineAsync(Stop).AsTask().WaitAsync(TimeSpan.FromMinutes(1), Stop);
            if (ready is null)
            {
                Assert.Fail((await Program.EndAsync(process)).Error);
            }

            ready.ShouldBe($"ready: {function} at {socket}");
        }

        return process;
    }
}
