using VfioSharp.Linux.Trees;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux;

/// <summary>The Linux host whose evidence is judged: this machine, or another one's files.</summary>
public static class LinuxHost
{
    /// <summary>Reads a host's evidence.</summary>
    /// <param name="root">As for <see cref="OpenTree"/>; this machine without it.</param>
    /// <inheritdoc cref="OpenTree" path="/exception"/>
    public static HostEvidence Read(string? root = null) => HostEvidence.Read(OpenTree(root));

    /// <summary>Opens a host's files for reading.</summary>
    /// <param name="root">
    /// Null or <c>/</c>: this machine, with its kernel's log as <c>var/log/dmesg</c> and a <c>snapshot.json</c> of its own. A folder that looks like a
    /// host's root, or a tar archive of one (compressed by gzip or not, under any name): that host.
    /// </param>
    /// <exception cref="FileNotFoundException">There is nothing at <paramref name="root"/>.</exception>
    /// <exception cref="DirectoryNotFoundException">There is no folder at or above <paramref name="root"/>.</exception>
    /// <exception cref="UnauthorizedAccessException"><paramref name="root"/> may not be read.</exception>
    /// <exception cref="InvalidDataException">The archive is broken, no archive, or too large (<see cref="SnapshotArchive"/>).</exception>
    /// <exception cref="IOException">Reading failed.</exception>
    public static HostTree OpenTree(string? root)
    {
        if (root is null)
        {
            return new LiveTree();
        }

        string path = Path.GetFullPath(root);
        if (path == "/")
        {
            return new LiveTree();
        }

        if (Directory.Exists(path))
        {
            return OpenFolder(path);
        }

        using FileStream archive = File.OpenRead(path);
        return SnapshotArchive.Read(archive);
    }

    private static HostTree OpenFolder(string path)
    {
        FolderTree tree = FolderTree.Confined(path);
        IReadOnlyList<string> names = tree.List("");
        if (!names.Contains("sys"))
        {
            // As an archive that wraps everything in one folder.
            string[] hosts = [.. names.Where(name => tree.ReadLink(name) is null && tree.List(name).Contains("sys"))];
            if (hosts.Length == 1)
            {
                tree = FolderTree.Confined(Path.Combine(path, hosts[0]));
            }
        }

        return SnapshotFolder.Over(tree);
    }
}
