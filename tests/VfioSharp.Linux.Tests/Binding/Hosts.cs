using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Tests.Binding;

/// <summary>Captured hosts with what they did not record laid over them: disks, mounts, interfaces, routes, processes.</summary>
internal static class Hosts
{
    /// <summary>An SSD and two network functions behind VT-d, each in a group of its own.</summary>
    public static MemoryTree Usual() => Captured("x86-intel-ir");

    public static MemoryTree Captured(string name) => (MemoryTree)LinuxHost.OpenTree(CapturedHosts.Archive(name));

    public static string FunctionWith(this HostTree tree, string driver) =>
        tree.List("sys/bus/pci/devices").First(name => tree.ReadLinkName($"sys/bus/pci/devices/{name}/driver") == driver);

    /// <summary>Adds a block device below a folder of sysfs, or below <c>devices/virtual</c>.</summary>
    public static MemoryTree Block(this MemoryTree tree, string name, string folder, string? number, params string[] holders)
    {
        string place = $"{folder}/{name}";
        tree.AddLink($"sys/class/block/{name}", "../../" + place["sys/".Length..]);
        tree.AddFolder($"{place}/holders");
        if (number is not null)
        {
            tree.AddFile($"{place}/dev", number + "\n");
        }

        foreach (string holder in holders)
        {
            tree.AddLink($"{place}/holders/{holder}", $"/sys/class/block/{holder}");
        }

        return tree;
    }

    /// <summary>Adds the SSD's disk with two partitions; gives the function's address.</summary>
    public static MemoryTree Disk(this MemoryTree tree, out string function, params string[] holdersOfSecond)
    {
        function = tree.FunctionWith("nvme");
        string controller = $"{tree.ResolveLink($"sys/bus/pci/devices/{function}")}/nvme/nvme0";
        tree.AddLink("sys/class/nvme/nvme0", "../../" + controller["sys/".Length..]);
        return tree.Block("nvme0n1", controller, "259:0")
            .Block("nvme0n1p1", $"{controller}/nvme0n1", "259:1")
            .Block("nvme0n1p2", $"{controller}/nvme0n1", "259:2", holdersOfSecond);
    }

    public static MemoryTree Mounts(this MemoryTree tree, params string[] lines)
    {
        tree.AddFile("proc/self/mountinfo", string.Concat(lines.Select(line => line + "\n")));
        return tree;
    }

    public static MemoryTree Swaps(this MemoryTree tree, params string[] files)
    {
        tree.AddFile("proc/swaps", "Filename\t\t\t\tType\t\tSize\t\tUsed\t\tPriority\n" + string.Concat(files.Select(file => $"{file}                               partition\t999420\t\t0\t\t-2\n")));
        return tree;
    }

    /// <summary>Adds an interface below a function, or a virtual one.</summary>
    public static MemoryTree Interface(this MemoryTree tree, string name, string? function, bool isUp = true, params string[] uppers)
    {
        string folder = function is null ? $"sys/devices/virtual/net/{name}" : $"{tree.ResolveLink($"sys/bus/pci/devices/{function}")}/net/{name}";
        tree.AddLink($"sys/class/net/{name}", "../../" + folder["sys/".Length..]);
        tree.AddFile($"{folder}/flags", isUp ? "0x1003\n" : "0x1002\n");
        foreach (string upper in uppers)
        {
            tree.AddLink($"{folder}/upper_{upper}", $"../{upper}");
        }

        return tree;
    }

    public static MemoryTree Routes(this MemoryTree tree, params string[] lines)
    {
        tree.AddFile("proc/net/route", "Iface\tDestination\tGateway \tFlags\tRefCnt\tUse\tMetric\tMask\t\tMTU\tWindow\tIRTT                                                       \n"
            + string.Concat(lines.Select(line => line + "\n")));
        return tree;
    }

    public static string DefaultRoute(string name, string flags = "0003") => $"{name}\t00000000\t0100A8C0\t{flags}\t0\t0\t100\t00000000\t0\t0\t0";

    /// <summary>Adds a process with open files.</summary>
    public static MemoryTree Process(this MemoryTree tree, int id, string command, params string[] files)
    {
        tree.AddFile($"proc/{id}/comm", command + "\n");
        for (int i = 0; i < files.Length; i++)
        {
            tree.AddLink($"proc/{id}/fd/{i}", files[i]);
        }

        return tree;
    }
}
