using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Snapshots;

/// <summary>Makes the tree of an archive's entries, whatever their order was.</summary>
internal sealed class SnapshotBuilder(Dictionary<string, MemoryTreeEntry> entries)
{
    private const int MaxPathLength = 4096;
    private const int MaxDepth = 512; // of folders and links followed one inside the other; a hostile archive must not exhaust the stack

    private readonly MemoryTree tree = new();
    private readonly Dictionary<string, string> folders = new(StringComparer.Ordinal);
    private int depth;

    public MemoryTree Build()
    {
        string root = FindRoot();
        List<MemoryTreeEntry> sorted = [.. entries.Values.Where(entry => entry.Path.StartsWith(root, StringComparison.Ordinal))];
        if (sorted.Count == 0)
        {
            throw new InvalidDataException("The snapshot is empty, or is no tar archive: no file was found in it.");
        }

        sorted.Sort(static (a, b) => string.CompareOrdinal(a.Path, b.Path));

        // Links first: an entry may lie below a path that leads through one, and tar puts it where the link points.
        foreach (MemoryTreeEntry entry in sorted.Where(entry => entry.Link is not null))
        {
            tree.AddLink(Place(entry.Path[root.Length..]), entry.Link!);
        }

        folders.Clear();
        foreach (MemoryTreeEntry entry in sorted.Where(entry => entry.Link is null))
        {
            AddFileOrFolder(entry, entry.Path[root.Length..]);
        }

        AddUnread();
        return tree;
    }

    /// <summary>The prefix of the one folder that holds <c>sys</c>, or nothing where the archive's own root is the host's.</summary>
    private string FindRoot()
    {
        var roots = new HashSet<string>(StringComparer.Ordinal);
        foreach (string path in entries.Keys)
        {
            if (path == "sys" || path.StartsWith("sys/", StringComparison.Ordinal))
            {
                return "";
            }

            string[] parts = path.Split('/', 3);
            if (parts.Length > 1 && parts[1] == "sys")
            {
                roots.Add(parts[0] + "/");
            }
        }

        return roots.Count == 1 ? roots.Single() : "";
    }

    private void AddFileOrFolder(MemoryTreeEntry entry, string path)
    {
        if (entry.File is { } file)
        {
            tree.AddFile(Place(path), file);
        }
        else
        {
            tree.AddFolder(Follow(path));
        }
    }

    private void AddUnread()
    {
        SnapshotManifest manifest = SnapshotManifest.Read(tree);
        foreach (string path in manifest.Unreadable)
        {
            AddUnread(path, HostFile.Denied);
        }

        foreach (string path in manifest.Failed)
        {
            AddUnread(path, new HostFile(HostFileState.Failed, default));
        }
    }

    private void AddUnread(string path, HostFile file)
    {
        string place = Follow(path);
        if (path.Length <= MaxPathLength && place.Length > 0 && tree.List(place).Count == 0)
        {
            tree.AddFile(place, file);
        }
    }

    /// <summary>The path with the links above its last component followed.</summary>
    private string Place(string path)
    {
        string folder = HostPath.Parent(path);
        string place = folder.Length == 0 ? path : $"{Follow(folder)}/{HostPath.Name(path)}";
        return place.Length <= MaxPathLength
            ? place.TrimStart('/')
            : throw new InvalidDataException($"The snapshot's links make a path of more than {MaxPathLength} characters, which is the limit.");
    }

    /// <summary>The path with every link in it followed, as far as there are any; a loop is left as it is.</summary>
    private string Follow(string path)
    {
        if (folders.TryGetValue(path, out string? known))
        {
            return known;
        }

        if (++depth > MaxDepth)
        {
            throw new InvalidDataException($"The snapshot has folders or links nested more than {MaxDepth} deep, which is the limit.");
        }

        folders[path] = path; // what a loop comes back to
        string place = Place(path);
        string followed = tree.ResolveLink(place) is { } target ? Follow(target) : place;
        folders[path] = followed;
        depth--;
        return followed;
    }
}
