using System.Net.Sockets;
using VfioSharp.Devices.Interop;
using VfioSharp.Linux.Trees;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Tests.Trees;

public sealed class FolderTreeTests : IDisposable
{
    private readonly TemporaryFolder outside = new();
    private readonly TemporaryFolder folder = new();

    public FolderTreeTests() => outside.File("secret", "outside");

    public static TheoryData<string> Walks => [nameof(PathWalk.Host), .. ConfinedWalks.Select(row => row.Data)];

    public static TheoryData<string> ConfinedWalks => [nameof(PathWalk.Confined), nameof(PathWalk.ConfinedByText)];

    public void Dispose()
    {
        folder.Dispose();
        outside.Dispose();
    }

    [Theory, MemberData(nameof(Walks))]
    public void Files_folders_and_links_are_read(string walk)
    {
        folder.File("sys/devices/pci0000:00/0000:00:03.0/vendor", "0x8086\n")
            .Link("sys/bus/pci/devices/0000:00:03.0", "../../../devices/pci0000:00/0000:00:03.0")
            .Link("sys/devices/pci0000:00/0000:00:03.0/driver", "../../../bus/pci/drivers/nvme");
        FolderTree tree = Open(walk);

        tree.Read("sys/bus/pci/devices/0000:00:03.0/vendor").Text.ShouldBe("0x8086");
        tree.Read("/sys/bus//pci/devices/./0000:00:03.0/vendor").Text.ShouldBe("0x8086");
        tree.List("sys/bus/pci/devices").ShouldBe(["0000:00:03.0"]);
        tree.List("sys/bus/pci/devices/0000:00:03.0").ShouldBe(["driver", "vendor"]);
        tree.List("").ShouldBe(["sys"]);
        tree.ReadLink("sys/bus/pci/devices/0000:00:03.0").ShouldBe("../../../devices/pci0000:00/0000:00:03.0");
        tree.ReadLinkName("sys/bus/pci/devices/0000:00:03.0/driver").ShouldBe("nvme");
        tree.ReadLink("sys/bus/pci/devices/0000:00:03.0/vendor").ShouldBeNull();
        tree.ReadLink("sys/bus/pci/devices").ShouldBeNull();
        tree.ReadLink("sys/none").ShouldBeNull();
    }

    [Theory, MemberData(nameof(Walks))]
    public void What_is_not_there_is_absent(string walk)
    {
        folder.File("file", "text").File("folder/file", "").Link("dangling", "none").Link("self", "self").Link("a", "b").Link("b", "a");
        FolderTree tree = Open(walk);

        foreach (string path in (string[])["none", "none/none", "file/none", "folder", "", "dangling", "self", "a", "a/b", "file\0", new('n', 5000)])
        {
            tree.Read(path).State.ShouldBe(HostFileState.Absent, path);
        }

        tree.List("none").ShouldBeEmpty();
        tree.List("file").ShouldBeEmpty();
        tree.List("self").ShouldBeEmpty();
        tree.ReadLink("self").ShouldBe("self");
        tree.ReadLink("dangling").ShouldBe("none");
    }

    [Theory, MemberData(nameof(Walks))]
    public void Names_are_in_ordinal_order(string walk)
    {
        string[] names = ["0000:00:1f.0", "0000:00:1f.10", "0001:00:00.0", "10000:00:00.0", "A", "_", "a", "ä", "ﬀ", "😀"];
        foreach (string name in names.Reverse())
        {
            folder.File($"folder/{name}", "");
        }

        Open(walk).List("folder").ShouldBe(names.Order(StringComparer.Ordinal));
    }

    [Theory, MemberData(nameof(ConfinedWalks))]
    public void Absolute_links_start_at_the_folder(string walk)
    {
        folder.File("sys/firmware/devicetree/base/model", "board")
            .Link("proc/device-tree", "/sys/firmware/devicetree/base")
            .Link("proc/chain", "/proc/device-tree/../base");
        FolderTree tree = Open(walk);

        tree.Read("proc/device-tree/model").Text.ShouldBe("board");
        tree.Read("proc/chain/model").Text.ShouldBe("board");
        tree.List("proc/device-tree").ShouldBe(["model"]);
        tree.ReadLink("proc/device-tree").ShouldBe("/sys/firmware/devicetree/base");
        tree.Resolve("proc/chain/model").ShouldBe("sys/firmware/devicetree/base/model");
    }

    [Theory, MemberData(nameof(ConfinedWalks))]
    public void Nothing_leads_out_of_the_folder(string walk)
    {
        string up = string.Concat(Enumerable.Repeat("../", 20));
        folder.File("deep/er/file", "").File("etc/passwd", "ours")
            .Link("absolute", outside["secret"])
            .Link("absolute-folder", outside.Path)
            .Link("relative", up + outside["secret"][1..])
            .Link("deep/er/relative-folder", up + outside.Path[1..])
            .Link("root", "/")
            .Link("above", "..")
            .Link("fd", "/proc/self/root");
        FolderTree tree = Open(walk);

        foreach (string path in (string[])
            ["absolute", "absolute-folder/secret", "relative", "deep/er/relative-folder/secret", up + outside["secret"][1..], "fd" + outside["secret"]])
        {
            tree.Read(path).State.ShouldBe(HostFileState.Absent, path);
        }

        tree.List("absolute-folder").ShouldBeEmpty();
        tree.List("above").ShouldBe(tree.List(""));
        tree.List("root/root/above/deep").ShouldBe(["er"]);
        tree.Read("root/../../etc/passwd").Text.ShouldBe("ours");
        tree.Read("deep/../../../etc/passwd").Text.ShouldBe("ours");
    }

    [Fact]
    public void The_hosts_own_root_is_left_to_the_kernel()
    {
        folder.Link("link", outside["secret"]);

        FolderTree.OfHost().Read(folder["link"]).Text.ShouldBe("outside");
    }

    [Theory, MemberData(nameof(Walks))]
    public async Task Pipes_sockets_and_devices_are_neither_waited_for_nor_read(string walk)
    {
        folder.Run("mkfifo", folder["pipe"]);
        using var socket = new Socket(AddressFamily.Unix, SocketType.Stream, ProtocolType.Unspecified);
        socket.Bind(new UnixDomainSocketEndPoint(folder["socket"]));
        folder.Link("link", "pipe");
        FolderTree tree = Open(walk);

        string[] paths = ["pipe", "socket", "link"];
        HostFileState[] states = await Task.Run(() => paths.Select(path => tree.Read(path).State).ToArray(), TestContext.Current.CancellationToken)
            .WaitAsync(TimeSpan.FromSeconds(10), TestContext.Current.CancellationToken);

        states.ShouldAllBe(state => state == HostFileState.Failed);
        tree.List("pipe").ShouldBeEmpty();
        FolderTree.OfHost().Read("dev/zero").State.ShouldBe(HostFileState.Failed);
    }

    [Theory, MemberData(nameof(Walks))]
    public void A_file_is_read_up_to_the_limit_and_not_beyond(string walk)
    {
        foreach ((string name, int length) in new[] { ("whole", SnapshotArchive.MaxFileLength), ("huge", SnapshotArchive.MaxFileLength + 1) })
        {
            using FileStream file = File.Create(folder[name]);
            file.SetLength(length);
        }

        FolderTree tree = Open(walk);

        tree.Read("whole").Content.Length.ShouldBe(SnapshotArchive.MaxFileLength);
        tree.Read("huge").State.ShouldBe(HostFileState.Failed);
    }

    [Theory, MemberData(nameof(Walks))]
    public void A_forbidden_file_is_denied(string walk)
    {
        const UnixFileMode open = UnixFileMode.UserRead | UnixFileMode.UserWrite | UnixFileMode.UserExecute
            | UnixFileMode.GroupRead | UnixFileMode.GroupExecute | UnixFileMode.OtherRead | UnixFileMode.OtherExecute;
        folder.File("file", "text").File("folder/file", "text").File("open", "text");
        File.SetUnixFileMode(folder.Path, open);
        File.SetUnixFileMode(folder["open"], open);
        File.SetUnixFileMode(folder["file"], UnixFileMode.None);
        File.SetUnixFileMode(folder["folder"], UnixFileMode.None);
        FolderTree tree = Open(walk);

        HostFileState[] states = Unprivileged.Run<HostFileState[]>(() => [tree.Read("file").State, tree.Read("folder/file").State, tree.Read("open").State]);
        File.SetUnixFileMode(folder["folder"], open);

        states.ShouldBe([HostFileState.Denied, HostFileState.Denied, HostFileState.Read]);
    }

    [Fact]
    public void An_attribute_that_can_only_be_written_is_denied_even_to_root()
    {
        // sysfs refuses such an open itself, whoever asks (kernfs_fop_open, fs/kernfs/file.c).
        const string path = "sys/bus/platform/drivers_probe";
        Assert.SkipUnless(File.Exists("/" + path), "There is no sysfs here.");

        FolderTree.OfHost().Read(path).State.ShouldBe(HostFileState.Denied);
        FolderTree.Open("/", PathWalk.Confined).Read(path).State.ShouldBe(HostFileState.Denied);
    }

    [Theory]
    [InlineData(nameof(Errno.ENOENT), HostFileState.Absent)]
    [InlineData(nameof(Errno.ENOTDIR), HostFileState.Absent)]
    [InlineData(nameof(Errno.ELOOP), HostFileState.Absent)]
    [InlineData(nameof(Errno.EACCES), HostFileState.Denied)]
    [InlineData(nameof(Errno.EPERM), HostFileState.Denied)]
    [InlineData(nameof(Errno.EIO), HostFileState.Failed)]
    [InlineData(nameof(Errno.EINVAL), HostFileState.Failed)]
    [InlineData(nameof(Errno.EFBIG), HostFileState.Failed)]
    public void Errors_say_what_became_of_the_file(string errno, HostFileState state) =>
        FolderTree.ToHostFile(Enum.Parse<Errno>(errno)).State.ShouldBe(state);

    [Fact]
    public void A_folder_that_is_not_there_is_said_by_its_path()
    {
        folder.File("file", "");

        Should.Throw<DirectoryNotFoundException>(() => FolderTree.Confined(folder["none"])).Message.ShouldContain(folder["none"]);
        Should.Throw<DirectoryNotFoundException>(() => FolderTree.Confined(folder["file"])).Message.ShouldContain(folder["file"]);
    }

    [Fact]
    public void A_tree_is_read_by_many_threads_at_once()
    {
        for (int i = 0; i < 64; i++)
        {
            folder.File($"folder/{i:D2}/value", $"{i}");
        }

        FolderTree tree = FolderTree.Confined(folder.Path);
        Parallel.For(0, 2000, i =>
        {
            tree.Read($"folder/{i % 64:D2}/value").Text.ShouldBe($"{i % 64}");
            tree.List($"folder/{i % 64:D2}").ShouldBe(["value"]);
        });
    }

    private FolderTree Open(string walk) => FolderTree.Open(folder.Path, Enum.Parse<PathWalk>(walk));
}
