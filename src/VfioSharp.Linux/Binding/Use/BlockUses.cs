using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding.Use;

/// <summary>
/// Finds what uses the disks below a function: mounted file systems and swap areas, on the disk, on its partitions, and on volumes built on either.
/// </summary>
/// <remarks>
/// It sees the mounts of this process's mount namespace. Where <c>isClaimed</c> is there it finds the rest, in less detail: the kernel lets nobody else
/// open exclusively what a file system in another namespace, ZFS or a cluster's volume holds.
/// </remarks>
internal sealed class BlockUses
{
    private const string Blocks = "sys/class/block";
    private const string Subsystems = "sys/class/nvme-subsystem";
    private const string Controllers = "sys/class/nvme";
    private const string Btrfs = "sys/fs/btrfs";

    private readonly HostTree tree;
    private readonly Func<string, bool>? isClaimed;
    private readonly Dictionary<string, BlockDevice> devices;
    private readonly Mount[] mounts;
    private readonly string[] swaps;
    private readonly (string Name, string Folder)[] controllers;

    public BlockUses(HostTree tree, Func<string, bool>? isClaimed)
    {
        (this.tree, this.isClaimed) = (tree, isClaimed);
        devices = tree.List(Blocks).Select(Read).OfType<BlockDevice>().ToDictionary(device => device.Name, StringComparer.Ordinal);
        mounts = [.. Lines("proc/self/mountinfo").Select(Mount.Parse).OfType<Mount>()];
        controllers = [.. tree.List(Controllers).Select(name => (name, tree.ResolveLink($"{Controllers}/{name}") ?? ""))];
        swaps = [.. Lines("proc/swaps").Skip(1).Select(line => Mount.Unescape(line.Split([' ', '\t'], 2)[0]))];
    }

    public IEnumerable<FunctionUse> Below(string folder)
    {
        var seen = new HashSet<string>(StringComparer.Ordinal);
        string[] folders = [folder, .. MultipathHeads(folder)];
        var reached = new Queue<(BlockDevice Device, BlockDevice Base)>(
            devices.Values.Where(device => folders.Any(device.IsBelow)).Select(device => (device, device)));
        while (reached.TryDequeue(out (BlockDevice Device, BlockDevice Base) next))
        {
            if (!seen.Add(next.Device.Name))
            {
                continue;
            }

            string name = next.Device == next.Base ? next.Device.Title : $"{next.Device.Title}, built on {next.Base.Title},";
            IReadOnlyCollection<FunctionUse> uses = [.. UsesOf(next.Device, name)];
            foreach (FunctionUse use in uses)
            {
                yield return use;
            }

            BlockDevice[] partitions = [.. devices.Values.Where(device => device.IsBelow(next.Device.Folder))];
            BlockDevice[] volumes = [.. next.Device.Holders.Select(holder => devices.GetValueOrDefault(holder)).OfType<BlockDevice>()];
            if (uses.Count + partitions.Length + volumes.Length == 0 && isClaimed?.Invoke(next.Device.File) == true)
            {
                yield return new FunctionUse($"{name} is held open exclusively (a file system, a volume or a virtual machine)", "find its user and close it");
            }

            Array.ForEach(partitions, device => reached.Enqueue((device, next.Device == next.Base ? device : next.Base)));
            Array.ForEach(volumes, device => reached.Enqueue((device, next.Base)));
        }
    }

    private IEnumerable<FunctionUse> UsesOf(BlockDevice device, string name)
    {
        string[] points = [.. mounts.Where(mount => mount.Number == device.Number || (mount.IsAnonymous && device.IsAt(mount.Source))).Select(mount => mount.Point).Distinct()];
        if (points.Length > 0)
        {
            yield return new FunctionUse($"{name} is mounted on {FunctionUses.Enumerate(points)}", $"umount {points[0]}");
        }
        else if (IsInBtrfs(device.Name, out string[] members))
        {
            string? point = mounts.FirstOrDefault(mount => mount.Type == "btrfs" && members.Any(each => devices.GetValueOrDefault(each)?.IsAt(mount.Source) == true))?.Point;
            yield return new FunctionUse($"{name} is part of the btrfs file system mounted {(point is null ? "somewhere" : $"on {point}")}", $"umount {point ?? "it"}");
        }

        if (swaps.FirstOrDefault(device.IsAt) is { } swap)
        {
            yield return new FunctionUse($"{name} is swap space", $"swapoff {swap}");
        }
    }

    // The kernel shows a file system there for as long as it is mounted (fs/btrfs/sysfs.c).
    private bool IsInBtrfs(string member, out string[] members)
    {
        foreach (string fileSystem in tree.List(Btrfs))
        {
            members = [.. tree.List($"{Btrfs}/{fileSystem}/devices")];
            if (members.Contains(member))
            {
                return true;
            }
        }

        members = [];
        return false;
    }

    // A namespace that several controllers may reach lies below their subsystem, which names them (drivers/nvme/host/multipath.c).
    private IEnumerable<string> MultipathHeads(string folder)
    {
        string[] own = [.. controllers.Where(controller => controller.Folder.StartsWith(folder + "/", StringComparison.Ordinal)).Select(controller => controller.Name)];
        return own.Length == 0 ? []
            : tree.List(Subsystems).Where(subsystem => tree.List($"{Subsystems}/{subsystem}").Any(own.Contains))
                .Select(subsystem => tree.ResolveLink($"{Subsystems}/{subsystem}")).OfType<string>();
    }

    private BlockDevice? Read(string name)
    {
        string link = $"{Blocks}/{name}";
        return tree.ResolveLink(link) is { } folder
            ? new BlockDevice(name, folder, tree.Read($"{link}/dev").Text, tree.Read($"{link}/dm/name").Text, tree.List($"{link}/holders"))
            : null;
    }

    private string[] Lines(string path) => (tree.Read(path).Text ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries);
}
