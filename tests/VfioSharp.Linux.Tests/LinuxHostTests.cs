using System.IO.Compression;
using VfioSharp.Linux.Trees;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Tests;

public sealed class LinuxHostTests : IDisposable
{
    private readonly TemporaryFolder folder = new();

    public static TheoryData<string> Hosts => CapturedHosts.Names;

    public void Dispose() => folder.Dispose();

    [Fact]
    public void All_captured_hosts_are_here() => Hosts.Count.ShouldBe(37);

    [Theory, MemberData(nameof(Hosts))]
    public void A_captured_host_reads_the_same_from_its_archive_and_unpacked(string host)
    {
        folder.Run("tar", "-xzf", CapturedHosts.Archive(host), "-C", folder.Path);
        folder.Run("chmod", "-R", "u+rX", folder.Path); // some could only be written on the host
        HostTree archive = LinuxHost.OpenTree(CapturedHosts.Archive(host));

        ShouldBeEqual(archive, LinuxHost.OpenTree(folder.Path), "").ShouldBeGreaterThan(400);
        ShouldBeEqual(archive, FolderTree.Open(folder.Path, PathWalk.ConfinedByText), "").ShouldBeGreaterThan(400);
        SnapshotManifest.Read(archive).PageSize.ShouldBe(4096);
        archive.Read(LiveTree.LogPath).Text.ShouldNotBeNullOrEmpty();
        archive.List("sys/bus/pci/devices").ShouldNotBeEmpty();
    }

    [Theory, MemberData(nameof(Hosts))]
    public void A_captured_host_is_the_same_after_writing_and_reading(string host)
    {
        var tree = (MemoryTree)LinuxHost.OpenTree(CapturedHosts.Archive(host));
        using (FileStream copy = File.Create(folder["copy"]))
        {
            SnapshotArchive.Write(tree, copy);
        }

        ShouldBeEqual(tree, LinuxHost.OpenTree(folder["copy"]), "").ShouldBeGreaterThan(400);
    }

    [Fact]
    public void An_archive_is_known_by_its_content_and_not_its_name()
    {
        File.Copy(CapturedHosts.Archive("x86-intel-ir"), folder["compressed.txt"]);
        using (FileStream archive = File.OpenRead(folder["compressed.txt"]))
        using (var gzip = new GZipStream(archive, CompressionMode.Decompress))
        using (FileStream plain = File.Create(folder["plain.tar.gz"]))
        {
            gzip.CopyTo(plain);
        }

        ShouldBeEqual(LinuxHost.OpenTree(folder["compressed.txt"]), LinuxHost.OpenTree(folder["plain.tar.gz"]), "").ShouldBeGreaterThan(400);
    }

    [Fact]
    public void What_a_snapshot_could_not_read_is_denied_from_the_archive_and_unpacked()
    {
        const string address = "sys/devices/pci0000:00/0000:00:03.0";
        const string alias = "sys/bus/pci/devices/0000:00:03.0";
        folder.File($"host/{address}/vendor", "0x8086\n").Link($"host/{alias}", "../../../devices/pci0000:00/0000:00:03.0")
            .File("host/snapshot.json", $$"""
                {
                  "schema": "vfiosharp.snapshot/1",
                  "unreadable": ["{{alias}}/config", "sys/firmware/acpi/tables/DMAR", "sys"],
                  "failed": ["{{address}}/vpd"]
                }
                """)
            .File("README", "not a host's");
        folder.Run("tar", "-czf", folder["snapshot"], "-C", folder["host/.."], "README", "host");

        HostTree unpacked = LinuxHost.OpenTree(folder.Path);
        HostTree archive = LinuxHost.OpenTree(folder["snapshot"]);
        foreach (HostTree tree in (HostTree[])[unpacked, archive])
        {
            tree.Read($"{alias}/vendor").Text.ShouldBe("0x8086");
            tree.Read($"{alias}/config").State.ShouldBe(HostFileState.Denied);
            tree.Read($"{address}/config").State.ShouldBe(HostFileState.Denied);
            tree.Read($"{address}/vpd").State.ShouldBe(HostFileState.Failed);
            tree.Read("sys/firmware/acpi/tables/DMAR").State.ShouldBe(HostFileState.Denied);
            tree.Read("sys/firmware/acpi/tables/MADT").State.ShouldBe(HostFileState.Absent);
            tree.List(alias).ShouldBe(["config", "vendor", "vpd"]);
            tree.ReadLink(alias).ShouldBe("../../../devices/pci0000:00/0000:00:03.0");
        }
    }

    [Fact]
    public void The_root_is_the_live_machine_however_it_is_written()
    {
        foreach (string? root in (string?[])[null, "/", "//", "/proc/.."])
        {
            LinuxHost.OpenTree(root).ShouldBeOfType<LiveTree>();
        }
    }

    [Fact]
    public void What_is_no_host_is_said_by_its_path()
    {
        Should.Throw<FileNotFoundException>(() => LinuxHost.OpenTree(folder["none"])).Message.ShouldContain(folder["none"]);
        Should.Throw<DirectoryNotFoundException>(() => LinuxHost.OpenTree(folder["none/none"])).Message.ShouldContain(folder["none"]);
        folder.File("text", "this is no archive");
        Should.Throw<InvalidDataException>(() => LinuxHost.OpenTree(folder["text"]));
    }

    /// <summary>Compares everything below a path, and counts the files and links.</summary>
    private static int ShouldBeEqual(HostTree expected, HostTree actual, string path)
    {
        if (expected.ReadLink(path) is { } link)
        {
            Assert.Equal(link, actual.ReadLink(path));
            return 1;
        }

        HostFile file = actual.Read(path);
        HostFile wanted = expected.Read(path);
        Assert.True(file.State == wanted.State && file.Content.Span.SequenceEqual(wanted.Content.Span), path);
        IReadOnlyList<string> names = actual.List(path);
        Assert.Equal(expected.List(path), names);
        return (file.IsRead ? 1 : 0) + names.Sum(name => ShouldBeEqual(expected, actual, path.Length == 0 ? name : $"{path}/{name}"));
    }
}
