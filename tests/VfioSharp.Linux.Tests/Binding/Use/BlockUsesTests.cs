using VfioSharp.Linux.Binding.Use;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding.Use;

public sealed class BlockUsesTests
{
    [Fact]
    public void Idle_disks_are_not_in_use() =>
        Uses(Hosts.Usual().Disk(out string function).Mounts("22 1 8:1 / / rw - ext4 /dev/sda1 rw", "23 22 0:21 / /proc rw - proc proc rw").Swaps("/dev/sda2"), function).ShouldBeEmpty();

    [Theory]
    [InlineData("22 1 259:0 / /mnt rw - ext4 /dev/nvme0n1 rw", "nvme0n1 is mounted on /mnt: umount /mnt")]
    [InlineData("22 1 259:1 / /boot rw shared:1 master:2 - vfat /dev/nvme0n1p1 rw", "nvme0n1p1 is mounted on /boot: umount /boot")]
    [InlineData("22 1 259:2 /@ / rw,noatime - ext4 /dev/root rw", "nvme0n1p2 is mounted on /: umount /")]
    [InlineData(@"22 1 259:2 / /with\040space\134 rw - ext4 /dev/nvme0n1p2 rw", @"nvme0n1p2 is mounted on /with space\: umount /with space\")]
    [InlineData("22 1 0:47 / /pool rw - btrfs /dev/nvme0n1p2 rw", "nvme0n1p2 is mounted on /pool: umount /pool")]
    public void A_mount_is_found_on_the_disk_and_on_its_partitions(string line, string use) =>
        Uses(Hosts.Usual().Disk(out string function).Mounts(line), function).ShouldBe([use]);

    [Theory]
    [InlineData("22 1 259:10 / /mnt rw - ext4 /dev/nvme0n10 rw")]
    [InlineData("22 1 0:47 / /mnt rw - nfs server:/dev/nvme0n1 rw")]
    [InlineData("22 1 8:1 / /mnt rw - ext4 /dev/nvme0n1 rw")] // the number tells, whatever the source claims
    [InlineData("nonsense")]
    [InlineData("22 1 259:1 / /mnt")]
    public void A_mount_of_something_else_is_not_taken_for_one(string line) =>
        Uses(Hosts.Usual().Disk(out string function).Mounts(line), function).ShouldBeEmpty();

    [Fact]
    public void Several_mounts_of_one_file_system_are_one_use() =>
        Uses(Hosts.Usual().Disk(out string function).Mounts("22 1 259:1 / /a rw - ext4 x rw", "23 1 259:1 /sub /b rw - ext4 x rw", "24 1 259:1 / /a rw - ext4 x rw"), function)
            .ShouldBe(["nvme0n1p1 is mounted on /a, /b: umount /a"]);

    [Fact]
    public void Swap_is_found_by_its_file() =>
        Uses(Hosts.Usual().Disk(out string function).Swaps("/dev/nvme0n1p1"), function).ShouldBe(["nvme0n1p1 is swap space: swapoff /dev/nvme0n1p1"]);

    [Fact]
    public void Volumes_on_a_partition_are_followed_to_their_mounts()
    {
        const string Virtual = "sys/devices/virtual/block";
        MemoryTree tree = Hosts.Usual().Disk(out string function, "md0").Block("md0", Virtual, "9:0", "dm-0").Block("dm-0", Virtual, "254:0", "dm-1").Block("dm-1", Virtual, "254:1");
        tree.AddFile($"{Virtual}/dm-0/dm/name", "crypt\n");
        tree.AddFile($"{Virtual}/dm-1/dm/name", "vg-root\n");
        Uses(tree.Mounts("22 1 254:1 / / rw - ext4 /dev/mapper/vg-root rw").Swaps("/dev/mapper/crypt"), function).ShouldBe(
        [
            "dm-0 (crypt), built on nvme0n1p2, is swap space: swapoff /dev/mapper/crypt",
            "dm-1 (vg-root), built on nvme0n1p2, is mounted on /: umount /",
        ]);
    }

    [Fact]
    public void A_ring_of_volumes_ends()
    {
        const string Virtual = "sys/devices/virtual/block";
        Uses(Hosts.Usual().Disk(out string function, "dm-0").Block("dm-0", Virtual, "254:0", "dm-1").Block("dm-1", Virtual, "254:1", "dm-0"), function).ShouldBeEmpty();
    }

    [Fact]
    public void A_namespace_of_several_controllers_is_found_below_their_subsystem()
    {
        MemoryTree tree = Hosts.Usual();
        string function = tree.FunctionWith("nvme");
        string controller = $"{tree.ResolveLink($"sys/bus/pci/devices/{function}")}/nvme/nvme0";
        const string Subsystem = "sys/devices/virtual/nvme-subsystem/nvme-subsys0";
        tree.AddLink("sys/class/nvme/nvme0", "../../" + controller["sys/".Length..]);
        tree.AddLink("sys/class/nvme-subsystem/nvme-subsys0", "../../" + Subsystem["sys/".Length..]);
        tree.AddLink($"{Subsystem}/nvme0", "../../../nvme/nvme0");
        tree.Block("nvme0c0n1", controller, null).Block("nvme0n1", Subsystem, "259:0").Block("nvme0n1p1", $"{Subsystem}/nvme0n1", "259:1");
        tree.Mounts("22 1 259:1 / /srv rw - xfs /dev/nvme0n1p1 rw");

        Uses(tree, function).ShouldBe(["nvme0n1p1 is mounted on /srv: umount /srv"]);
        Uses(tree, tree.FunctionWith("igb")).ShouldBeEmpty();
    }

    [Theory]
    [InlineData("22 1 0:47 / /pool rw - btrfs /dev/sdb rw", "on /pool: umount /pool")]
    [InlineData("", "somewhere: umount it")]
    public void A_member_of_a_btrfs_that_spans_devices_is_found(string mount, string said)
    {
        MemoryTree tree = Hosts.Usual().Disk(out string function).Block("sdb", "sys/devices/virtual/block", "8:16").Mounts(mount);
        tree.AddLink("sys/fs/btrfs/0b1c/devices/nvme0n1p2", "/sys/class/block/nvme0n1p2");
        tree.AddLink("sys/fs/btrfs/0b1c/devices/sdb", "/sys/class/block/sdb");
        tree.AddFolder("sys/fs/btrfs/features");
        Uses(tree, function).ShouldBe([$"nvme0n1p2 is part of the btrfs file system mounted {said}"]);
    }

    [Fact]
    public void What_is_held_in_another_way_is_found_where_nothing_else_tells()
    {
        MemoryTree tree = Hosts.Usual().Disk(out string function, "dm-0").Block("dm-0", "sys/devices/virtual/block", "254:0").Mounts("22 1 259:1 / /boot rw - vfat x rw");
        var asked = new List<string>();
        string[] uses = [.. Below(tree, function, file =>
        {
            asked.Add(file);
            return true;
        })];

        asked.ShouldBe(["/dev/dm-0"]); // the disk has partitions, one is mounted, the other has a volume on it
        uses.Length.ShouldBe(2);
        uses[1].ShouldContain("held open exclusively");
    }

    [Fact]
    public void Disks_of_other_functions_do_not_count() =>
        Uses(Hosts.Usual().Disk(out _).Mounts("22 1 259:1 / / rw - ext4 x rw"), Hosts.Usual().FunctionWith("igb")).ShouldBeEmpty();

    private static string[] Uses(MemoryTree tree, string function) => [.. Below(tree, function, null)];

    private static IEnumerable<string> Below(MemoryTree tree, string function, Func<string, bool>? isClaimed) =>
        new BlockUses(tree, isClaimed).Below(tree.ResolveLink($"sys/bus/pci/devices/{function}")!).Select(use => use.ToString());
}
