using System.Globalization;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>Finds who has functions open through VFIO, from the open files of all processes that this one may look into.</summary>
internal sealed class VfioHolders
{
    private const string Device = "anon_inode:[vfio-device]";
    private const string Container = "/dev/vfio/vfio"; // belongs to no function
    private const string PathKey = "vfio-device-syspath:";

    private readonly HostTree tree;
    private readonly List<(VfioHolder Holder, string? Folder)> open = [];

    public VfioHolders(HostTree tree)
    {
        this.tree = tree;
        foreach (string process in tree.List("proc"))
        {
            if (int.TryParse(process, NumberStyles.None, CultureInfo.InvariantCulture, out int id))
            {
                Look(id);
            }
        }
    }

    /// <summary>The files under <c>/dev/vfio</c> through which a function is opened: its group's and, since Linux 6.6, its own.</summary>
    public static IEnumerable<string> NodesOf(HostTree tree, FunctionEvidence function)
    {
        if (function.IommuGroup is { } number)
        {
            string group = string.Create(CultureInfo.InvariantCulture, $"{number}");
            yield return tree.Read($"sys/kernel/iommu_groups/{group}/name").Text == "vfio-noiommu" ? $"/dev/vfio/noiommu-{group}" : $"/dev/vfio/{group}";
        }

        string folder = $"sys/bus/pci/devices/{function.Address}/vfio-dev";
        foreach (string name in tree.List(folder))
        {
            if (tree.Read($"{folder}/{name}/dev").IsRead)
            {
                yield return $"/dev/vfio/devices/{name}";
            }
        }
    }

    /// <summary>Who has the function, or its group, open: one entry a process.</summary>
    public IEnumerable<VfioHolder> Of(FunctionEvidence function)
    {
        string[] nodes = [.. NodesOf(tree, function)];
        return open.Where(each => nodes.Contains(each.Holder.File) || IsOpen(each, function)).Select(each => each.Holder)
            .OrderByDescending(holder => holder.IsCertain).DistinctBy(holder => holder.ProcessId).OrderBy(holder => holder.ProcessId);
    }

    // A device that the kernel does not name may be any function's, unless its process shows through which group it came.
    private bool IsOpen((VfioHolder Holder, string? Folder) file, FunctionEvidence function) =>
        file.Holder.File == Device && (file.Folder is { } folder
            ? folder == "/" + function.DevicePath
            : !open.Any(other => other.Holder.ProcessId == file.Holder.ProcessId && other.Holder.File != Device));

    private void Look(int process)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"proc/{process}");
        string? command = null;
        foreach (string descriptor in tree.List($"{folder}/fd"))
        {
            string? file = tree.ReadLink($"{folder}/fd/{descriptor}");
            if (file is null || file == Container || !(file == Device || file.StartsWith("/dev/vfio/", StringComparison.Ordinal)))
            {
                continue;
            }

            command ??= tree.Read($"{folder}/comm").Text ?? "";
            string? path = file == Device ? PathOf($"{folder}/fdinfo/{descriptor}") : null;
            open.Add((new VfioHolder(process, command.Length == 0 ? null : command, file, file != Device || path is not null), path));
        }
    }

    private string? PathOf(string information) =>
        tree.Read(information).Text?.Split('\n').FirstOrDefault(line => line.StartsWith(PathKey, StringComparison.Ordinal))?[PathKey.Length..].Trim();
}
