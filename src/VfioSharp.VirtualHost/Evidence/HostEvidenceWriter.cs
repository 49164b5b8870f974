using System.Globalization;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.VirtualHost.Topology;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>
/// Writes what Linux shows of a virtual host: sysfs, procfs, the kernel's log, and what firmware handed over. It says what the host's kernel knows, by
/// the host's options, its plan and what its drivers hold, and asks no isolation unit: whether the audit of it comes to what the unit does is for tests to see.
/// </summary>
/// <remarks>Any thread, while nothing is plugged in or taken out.</remarks>
public static class HostEvidenceWriter
{
    /// <summary>Writes a host's evidence, as root would read it there.</summary>
    /// <returns>The tree, for <see cref="HostEvidence.Read"/>.</returns>
    public static MemoryTree Write(VirtualHost host)
    {
        ArgumentNullException.ThrowIfNull(host);
        var tree = new MemoryTree();
        var platform = PlatformEvidence.Create(host);
        tree.AddFile(SnapshotManifest.FileName, new SnapshotManifest
        {
            PageSize = Environment.SystemPageSize, // the host's vfio-pci decides by it
            Architecture = platform.Architecture,
            Privileged = true,
        }.ToJson());
        tree.AddFile("proc/sys/kernel/osrelease", KernelAge.Of(host.Options.Dialect).Release + "\n");
        tree.AddFile("proc/cmdline", string.Join(' ', ["root=/dev/vda1", "ro", .. platform.Parameters]) + "\n");
        tree.AddFile("var/log/dmesg", string.Concat(platform.Log.Select(line => line + "\n")));
        tree.AddFolder("sys/bus/pci/devices");

        var interrupts = new InterruptFiles(tree, platform, host.Options);
        var functions = new FunctionFiles(tree, platform);
        foreach (HostBridge bridge in host.HostBridges)
        {
            tree.AddFolder(platform.FolderOf(bridge));
        }

        foreach (HostFunction function in host.Functions)
        {
            functions.Add(function);
            if (function is EndpointFunction endpoint)
            {
                interrupts.Add(endpoint, functions.FolderOf(endpoint));
            }
        }

        interrupts.Write();
        foreach (HostGroup group in host.Groups)
        {
            AddGroup(tree, functions, platform, group);
        }

        platform.WriteTo(tree);
        return tree;
    }

    private static void AddGroup(MemoryTree tree, FunctionFiles functions, PlatformEvidence platform, HostGroup group)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"sys/kernel/iommu_groups/{group.Number}");
        tree.AddFile($"{folder}/type", platform.GroupType + "\n");
        tree.AddFile($"{folder}/reserved_regions", string.Concat(platform.ReservedRegions.Select(region => region + "\n")));
        foreach (HostFunction member in group.Members)
        {
            SysfsLink.Add(tree, $"{folder}/devices", member.Address.ToString(), functions.FolderOf(member));
        }
    }
}
