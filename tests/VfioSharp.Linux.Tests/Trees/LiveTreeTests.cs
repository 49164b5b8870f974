using System.Text;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Trees;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Tests.Trees;

public sealed class LiveTreeTests
{
    private readonly HostTree tree = LinuxHost.OpenTree(null);

    [Theory]
    [InlineData("proc/version")]
    [InlineData("proc/cmdline")]
    [InlineData("proc/sys/kernel/osrelease")]
    public void Files_are_those_of_the_machine(string path) =>
        tree.Read(path).Text.ShouldBe(File.ReadAllText("/" + path).Trim());

    [Fact]
    public void Functions_are_those_that_sysfs_lists()
    {
        const string devices = "sys/bus/pci/devices";
        string[] expected = Directory.Exists("/" + devices)
            ? [.. Directory.GetFileSystemEntries("/" + devices).Select(entry => Path.GetFileName(entry)).Order(StringComparer.Ordinal)]
            : [];

        tree.List(devices).ShouldBe(expected);
        foreach (string address in expected)
        {
            tree.ReadLinkName($"{devices}/{address}").ShouldBe(address);
            tree.Read($"{devices}/{address}/config").Content.Length.ShouldBeGreaterThanOrEqualTo(64);
        }
    }

    [Fact]
    public void The_manifest_describes_this_machine_and_process()
    {
        SnapshotManifest manifest = SnapshotManifest.Read(tree);

        manifest.Schema.ShouldBe("vfiosharp.snapshot/1");
        manifest.PageSize.ShouldBe(Environment.SystemPageSize);
        manifest.Architecture.ShouldBe(Machine.Name);
        manifest.Privileged.ShouldNotBeNull();
        if (!Machine.HasCapability(CapabilityNumbers.CAP_SYS_ADMIN))
        {
            manifest.Privileged.ShouldBe(false);
        }
    }

    [Fact]
    public void The_log_is_the_ring_buffers_or_denied()
    {
        HostFile log = tree.Read(LiveTree.LogPath);

        if (File.Exists("/dev/kmsg"))
        {
            log.State.ShouldBeOneOf(HostFileState.Read, HostFileState.Denied);
        }

        if (log.IsRead)
        {
            string[] lines = Encoding.UTF8.GetString(log.Content.Span).Split('\n', StringSplitOptions.RemoveEmptyEntries);
            lines.ShouldAllBe(line => line.StartsWith('['));
        }

        tree.Read(LiveTree.LogPath).ShouldBe(log);
    }

    [Fact]
    public void What_a_snapshot_has_is_listed_too()
    {
        tree.List("").ShouldContain("snapshot.json");
        tree.List("").ShouldContain("proc");
        tree.List("").ShouldBe(tree.List("").Order(StringComparer.Ordinal));
        tree.List("var/log").ShouldContain("dmesg");
        tree.ReadLink("snapshot.json").ShouldBeNull();
    }
}
