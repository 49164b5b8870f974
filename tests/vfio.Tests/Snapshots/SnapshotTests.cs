using System.Text.Json;

namespace VfioSharp.Cli.Tests.Snapshots;

/// <summary><c>vfio snapshot</c>: a file that is judged as the host was, written whole or not at all.</summary>
public sealed class SnapshotTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Hosts => CapturedHost.All;

    public void Dispose() => folder.Dispose();

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_snapshot_is_audited_byte_for_byte_as_its_host(string host)
    {
        string snapshot = folder["snapshot.tar.gz"];
        CliRun.Of("snapshot", "-o", snapshot, "--root", CapturedHost.Archive(host)).Status.ShouldBe(0);
        foreach (string[] words in (string[][])[["audit", "--json"], ["audit"]])
        {
            CliRun before = CliRun.Of([.. words, "--root", CapturedHost.Archive(host)]);
            CliRun after = CliRun.Of([.. words, "--root", snapshot]);
            after.Output.ShouldBe(before.Output);
            after.Status.ShouldBe(before.Status);
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_snapshot_is_shown_as_its_host(string host)
    {
        string snapshot = folder["snapshot.tar.gz"];
        CliRun.Of("snapshot", "-o", snapshot, "--root", CapturedHost.Archive(host)).Status.ShouldBe(0);
        foreach (JsonElement truth in CapturedHost.Truth(host).Take(3))
        {
            string address = truth.GetProperty("bdf").GetString()!;
            CliRun.Of("show", address, "--json", "--root", snapshot).Output
                .ShouldBe(CliRun.Of("show", address, "--json", "--root", CapturedHost.Archive(host)).Output);
        }
    }

    [Theory]
    [MemberData(nameof(Hosts))]
    public void A_snapshot_of_a_snapshot_is_the_same_file(string host)
    {
        CliRun.Of("snapshot", "-o", folder["first"], "--root", CapturedHost.Archive(host)).Status.ShouldBe(0);
        CliRun.Of("snapshot", "-o", folder["second"], "--root", folder["first"]).Status.ShouldBe(0);
        File.ReadAllBytes(folder["second"]).ShouldBe(File.ReadAllBytes(folder["first"]));
    }

    [Fact]
    public void A_snapshot_of_this_machine_is_audited_as_this_machine()
    {
        CliRun run = CliRun.Of("snapshot", "--output", folder["live.tar.gz"]);
        run.Status.ShouldBe(0);
        run.Output.ShouldStartWith($"{folder["live.tar.gz"]}: ");
        run.Output.ShouldContain($"vfio audit --root {folder["live.tar.gz"]}");
        CliRun before = CliRun.Of("audit", "--json");
        CliRun after = CliRun.Of("audit", "--json", "--root", folder["live.tar.gz"]);
        after.Output.ShouldBe(before.Output);
        after.Status.ShouldBe(before.Status);
        CliRun.Of("audit", "--root", folder["live.tar.gz"]).Output.ShouldBe(CliRun.Of("audit").Output);
    }

    [Fact]
    public void An_existing_file_is_replaced_at_once_and_nothing_else_is_left()
    {
        string path = folder.File("host.tar.gz", "an older snapshot");
        using FileStream reader = new(path, FileMode.Open, FileAccess.Read, FileShare.ReadWrite | FileShare.Delete);
        Snapshot(path).Status.ShouldBe(0);

        // Whoever has it open goes on reading the old one.
        new StreamReader(reader).ReadToEnd().ShouldBe("an older snapshot");
        CliRun.Of("audit", "--root", path).Status.ShouldBe(0);
        Directory.GetFileSystemEntries(folder.Path).ShouldBe([path]);
    }

    [Fact]
    public void A_link_stays_a_link_and_what_it_points_to_is_replaced()
    {
        Directory.CreateDirectory(folder["elsewhere"]);
        string target = folder.File("elsewhere/host.tar.gz", "an older snapshot");
        File.CreateSymbolicLink(folder["link"], "elsewhere/host.tar.gz");
        Snapshot(folder["link"]).Status.ShouldBe(0);
        new FileInfo(folder["link"]).LinkTarget.ShouldBe("elsewhere/host.tar.gz");
        CliRun.Of("audit", "--root", target).Status.ShouldBe(0);
        Directory.GetFileSystemEntries(folder["elsewhere"]).ShouldBe([target]);
    }

    [Theory]
    [InlineData("/proc/snapshot.tar.gz")]
    [InlineData("/sys/snapshot.tar.gz")]
    [InlineData("{folder}/nowhere/snapshot.tar.gz")]
    [InlineData("{folder}/file/snapshot.tar.gz")]
    [InlineData("{folder}")]
    [InlineData("{folder}/")]
    [InlineData("{folder}/new/")]
    public void Where_no_file_can_be_written_the_end_is_74_and_no_part_of_one_is_left(string target)
    {
        folder.File("file", "in the way");
        target = target.Replace("{folder}", folder.Path, StringComparison.Ordinal);
        CliRun run = Snapshot(target);
        run.ShouldBeRefused(74, $"cannot write {target}: ");
        run.Error.ShouldNotContain("partial");
        Directory.GetFileSystemEntries(folder.Path).ShouldBe([folder["file"]]);
        Directory.GetFiles(Path.GetTempPath(), ".snapshot*.partial").ShouldBeEmpty();
    }

    [Fact]
    public void A_pipe_or_a_device_is_not_replaced()
    {
        string fifo = folder.Fifo("fifo");
        File.CreateSymbolicLink(folder["link"], "fifo");
        Snapshot(fifo).ShouldBeRefused(74, $"cannot write {fifo}: ", "no regular file");
        Snapshot(folder["link"]).ShouldBeRefused(74, "no regular file");
        Directory.GetFileSystemEntries(folder.Path).Order().ShouldBe([fifo, folder["link"]]);
    }

    [Fact]
    public void Dash_and_nothing_name_no_file()
    {
        Snapshot("-").ShouldBeRefused(64, "--output -", "./-");
        Snapshot("").ShouldBeRefused(64, "--output ''");
        File.Exists("-").ShouldBeFalse();
    }

    private static CliRun Snapshot(string path) => CliRun.Of("snapshot", "-o", path, "--root", CapturedHost.Archive("x86-intel-ir"));
}
