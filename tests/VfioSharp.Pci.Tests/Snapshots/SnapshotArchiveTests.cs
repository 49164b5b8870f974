using System.Formats.Tar;
using System.Security.Cryptography;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Tests.Snapshots;

public sealed class SnapshotArchiveTests
{
    [Fact]
    public void A_tree_is_the_same_after_writing_and_reading()
    {
        MemoryTree tree = Sample();

        MemoryTree read = SnapshotArchive.Read(new MemoryStream(Write(tree)));

        Describe(read).ShouldBe(Describe(tree));
    }

    [Fact]
    public void The_same_tree_gives_the_same_bytes_always()
    {
        using var tar = new MemoryStream();
        SnapshotArchive.WriteTar(Sample(), tar);

        // The compressed bytes depend on the compressor; those below it depend on nothing.
        Convert.ToHexStringLower(SHA256.HashData(tar.ToArray())).ShouldBe("584d0e7989d1773d4ef3d22b4ba540ac2c0a14da23872c1e009a6021c148a91a");
        Write(Sample()).ShouldBe(Write(Sample()));
    }

    [Fact]
    public void What_was_not_readable_is_still_not_readable()
    {
        MemoryTree tree = Sample();
        tree.AddFile("sys/firmware/acpi/tables/DMAR", HostFile.Denied);
        tree.AddFile("sys/a/vpd", new HostFile(HostFileState.Failed, default));

        MemoryTree read = SnapshotArchive.Read(new MemoryStream(Write(tree)));
        MemoryTree again = SnapshotArchive.Read(new MemoryStream(Write(read)));

        read.Read("sys/firmware/acpi/tables/DMAR").State.ShouldBe(HostFileState.Denied);
        read.Read("sys/a/vpd").State.ShouldBe(HostFileState.Failed);
        read.Read("sys/a/vendor").Text.ShouldBe("0x8086");
        SnapshotManifest manifest = SnapshotManifest.Read(read);
        manifest.Unreadable.ShouldBe(["sys/firmware/acpi/tables/DMAR"]);
        manifest.Failed.ShouldBe(["sys/a/vpd"]);
        manifest.PageSize.ShouldBe(65536);
        Describe(again).ShouldBe(Describe(read));
    }

    [Fact]
    public void A_tree_without_a_manifest_gets_one_only_where_there_is_something_to_say()
    {
        var tree = new MemoryTree();
        tree.AddFile("sys/a", "text");
        SnapshotArchive.Read(new MemoryStream(Write(tree))).List("").ShouldBe(["sys"]);

        tree.AddFile("sys/b", HostFile.Denied);
        SnapshotManifest.Read(SnapshotArchive.Read(new MemoryStream(Write(tree)))).Unreadable.ShouldBe(["sys/b"]);
    }

    [Fact]
    public void The_stream_is_read_from_its_position_and_left_open()
    {
        byte[] archive = Write(Sample());
        using var stream = new MemoryStream();
        stream.Write("before"u8);
        stream.Write(archive);
        stream.Position = 6;

        SnapshotArchive.Read(stream).Read("sys/a/vendor").Text.ShouldBe("0x8086");
        stream.CanRead.ShouldBeTrue();
    }

    [Fact]
    public void Names_are_cleaned_and_lead_nowhere_else()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("./sys/one", "1").File("/sys/two", "2").File("../../sys/three", "3").File("sys/./x/..//four", "4")
            .File("sys/../../../five", "5")
            .Add(TarEntryType.Directory, "./sys/folder/").Add(TarEntryType.Directory, "./").Add(TarEntryType.Directory, "..").Read();

        tree.List("").ShouldBe(["five", "sys"]);
        tree.List("sys").ShouldBe(["folder", "four", "one", "three", "two"]);
        tree.Read("sys/three").Text.ShouldBe("3");
        tree.Read("five").Text.ShouldBe("5");
    }

    [Fact]
    public void Hard_links_hold_what_they_link_to()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("sys/file", "content").HardLink("sys/second", "sys/file").HardLink("sys/third", "./sys/second")
            .Link("sys/link", "file").HardLink("sys/fourth", "sys/link").Read();

        tree.Read("sys/second").Text.ShouldBe("content");
        tree.Read("sys/third").Text.ShouldBe("content");
        tree.ReadLink("sys/fourth").ShouldBe("file");
    }

    [Fact]
    public void The_last_of_several_entries_with_one_name_counts()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("sys/a", "old").File("./sys/a", "new").File("sys/b", "file").Link("sys/b", "a").Read();

        tree.Read("sys/a").Text.ShouldBe("new");
        tree.ReadLink("sys/b").ShouldBe("a");
    }

    [Fact]
    public void Entries_below_a_link_lie_where_it_points()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("sys/bus/dev/config", "bytes").Link("sys/bus/dev", "../devices/dev").File("sys/devices/dev/vendor", "0x8086")
            .File("proc/tree/model", "board").Link("proc/tree", "/sys/firmware").Read();

        tree.ReadLink("sys/bus/dev").ShouldBe("../devices/dev");
        tree.List("sys/devices/dev").ShouldBe(["config", "vendor"]);
        tree.Read("sys/bus/dev/config").Text.ShouldBe("bytes");
        tree.Read("sys/firmware/model").Text.ShouldBe("board");
    }

    [Fact]
    public void What_is_no_file_is_failed_and_labels_are_left_out()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("sys/a", "").Add(TarEntryType.Fifo, "sys/pipe").Add(TarEntryType.CharacterDevice, "dev/kmsg")
            .Add(TarEntryType.BlockDevice, "dev/disk").Read();

        tree.Read("sys/a").State.ShouldBe(HostFileState.Read);
        tree.Read("sys/pipe").State.ShouldBe(HostFileState.Failed);
        tree.Read("dev/kmsg").State.ShouldBe(HostFileState.Failed);
        tree.Read("dev/disk").State.ShouldBe(HostFileState.Failed);
    }

    [Fact]
    public void One_folder_around_everything_is_taken_off()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("README", "").File("host/sys/a", "a").File("host/proc/b", "b").Link("host/sys/bus/dev", "../c").Read();

        tree.List("").ShouldBe(["proc", "sys"]);
        tree.Read("sys/a").Text.ShouldBe("a");
        tree.ReadLink("sys/bus/dev").ShouldBe("../c");
    }

    [Fact]
    public void Folders_stay_where_it_is_not_clear_which_one_is_the_host()
    {
        using var two = new TarBuilder();
        two.File("one/sys/a", "").File("two/sys/a", "").Read().List("").ShouldBe(["one", "two"]);
        using var none = new TarBuilder();
        none.File("proc/version", "").File("other/file", "").Read().List("").ShouldBe(["other", "proc"]);
        using var both = new TarBuilder();
        both.File("sys/a", "").File("copy/sys/a", "").Read().List("").ShouldBe(["copy", "sys"]);
    }

    [Fact]
    public void A_manifest_that_makes_no_sense_denies_nothing_that_is_there()
    {
        using var tar = new TarBuilder();
        MemoryTree tree = tar.File("sys/a/b", "text").Link("sys/loop", "loop")
            .File("snapshot.json", """{"unreadable":["sys","sys/a","","..","/",7,null,"sys/loop/x"],"failed":{},"pageSize":"4K"}""").Read();

        tree.Read("sys/a/b").Text.ShouldBe("text");
        tree.List("sys").ShouldContain("a");
    }

    internal static string[] Describe(MemoryTree tree) => [.. tree.Entries().Select(entry =>
        $"{entry.Path} {entry.Link} {entry.File?.State} {(entry.File is { } file ? Convert.ToHexString(file.Content.Span) : "folder")}")];

    internal static byte[] Write(MemoryTree tree)
    {
        using var stream = new MemoryStream();
        SnapshotArchive.Write(tree, stream);
        return stream.ToArray();
    }

    internal static MemoryTree Sample()
    {
        var tree = new MemoryTree();
        tree.AddFile("snapshot.json", """{"schema": "vfiosharp.snapshot/1", "pageSize": 65536, "note": "kept"}""");
        tree.AddFile("sys/a/vendor", "0x8086\n");
        tree.AddFile("sys/a/config", Enumerable.Range(0, 4096).Select(i => (byte)i).ToArray());
        tree.AddFile("sys/a/empty", "");
        tree.AddFile("sys/a-b", "sorts between");
        tree.AddFile($"sys/{string.Join('/', Enumerable.Repeat("a-rather-long-name", 20))}/ü", "deep");
        tree.AddLink("sys/bus/a", "../a");
        tree.AddLink("sys/bus/long", string.Join('/', Enumerable.Repeat("..", 80)) + "/a");
        tree.AddLink("sys/bus/absolute", "/sys/a");
        tree.AddFolder("sys/nothing/here");
        return tree;
    }
}
