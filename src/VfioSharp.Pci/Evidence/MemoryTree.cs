namespace VfioSharp.Pci.Evidence;

/// <summary>A <see cref="HostTree"/> held in memory: what an unpacked snapshot, a virtual host's evidence and a test are made of.</summary>
/// <remarks>Fill it first, then read it: adding is not safe beside readers.</remarks>
public sealed class MemoryTree : HostTree
{
    private const int MaxLinks = 40; // as the kernel's path walk (MAXSYMLINKS, include/linux/namei.h)

    private readonly Node root = Node.Folder();

    /// <summary>Adds a file, and the folders above it; replaces what was there.</summary>
    public void AddFile(string path, HostFile file) => Add(path, new Node { File = file });

    /// <inheritdoc cref="AddFile(string, HostFile)"/>
    public void AddFile(string path, ReadOnlyMemory<byte> content) => AddFile(path, HostFile.Of(content));

    /// <inheritdoc cref="AddFile(string, HostFile)"/>
    public void AddFile(string path, string text) => AddFile(path, System.Text.Encoding.UTF8.GetBytes(text));

    /// <summary>Adds a symbolic link with the given target text.</summary>
    public void AddLink(string path, string target) => Add(path, new Node { Link = target });

    /// <summary>Adds an empty folder, unless the path holds one already.</summary>
    public void AddFolder(string path) => FolderAt(path);

    /// <inheritdoc/>
    public override HostFile Read(string path) => Find(path, followLast: true)?.File ?? HostFile.Absent;

    /// <inheritdoc/>
    public override IReadOnlyList<string> List(string path) => Find(path, followLast: true)?.Names() ?? [];

    /// <inheritdoc/>
    public override string? ReadLink(string path) => Find(path, followLast: false)?.Link;

    /// <summary>Every file and link of the tree, folders left out unless they are empty, in ordinal order of their paths.</summary>
    public IEnumerable<MemoryTreeEntry> Entries() => Walk("", root);

    private static IEnumerable<MemoryTreeEntry> Walk(string path, Node node)
    {
        if (node.Children is not { Count: > 0 } children)
        {
            if (path.Length > 0)
            {
                yield return new MemoryTreeEntry(path, node.Link, node.Children is null ? node.File : null);
            }

            yield break;
        }

        foreach (string name in node.Names())
        {
            foreach (MemoryTreeEntry entry in Walk(path.Length == 0 ? name : $"{path}/{name}", children[name]))
            {
                yield return entry;
            }
        }
    }

    private void Add(string path, Node node)
    {
        string clean = HostPath.Combine("", path);
        if (clean.Length > 0)
        {
            FolderAt(HostPath.Parent(clean)).Children![HostPath.Name(clean)] = node;
        }
    }

    private Node FolderAt(string path)
    {
        Node folder = root;
        foreach (string part in path.Split('/', StringSplitOptions.RemoveEmptyEntries))
        {
            if (!folder.Children!.TryGetValue(part, out Node? next) || next.Children is null)
            {
                next = Node.Folder();
                folder.Children[part] = next;
            }

            folder = next;
        }

        return folder;
    }

    private Node? Find(string path, bool followLast)
    {
        int links = 0;
        return Find(path, followLast, ref links);
    }

    private Node? Find(string path, bool followLast, ref int links)
    {
        Node node = root;
        int start = 0;
        while (start < path.Length)
        {
            int slash = path.IndexOf('/', start);
            int end = slash < 0 ? path.Length : slash;
            if (end == start)
            {
                start++;
                continue;
            }

            if (node.Children is null || !node.Children.GetAlternateLookup<ReadOnlySpan<char>>().TryGetValue(path.AsSpan(start, end - start), out Node? next))
            {
                return null;
            }

            if (next.Link is { } target && (slash >= 0 || followLast))
            {
                if (++links > MaxLinks)
                {
                    return null;
                }

                next = Find(HostPath.Combine(start == 0 ? "" : path[..start], target), followLast: true, ref links);
                if (next is null)
                {
                    return null;
                }
            }

            node = next;
            start = end + 1;
        }

        return node;
    }

    private sealed class Node
    {
        private string[]? names;

        public Dictionary<string, Node>? Children { get; private init; }

        public string? Link { get; init; }

        public HostFile File { get; init; }

        public static Node Folder() => new() { Children = new Dictionary<string, Node>(StringComparer.Ordinal) };

        // Sorted when first asked for: a big folder is filled once and listed once.
        public string[] Names()
        {
            if (Children is null)
            {
                return [];
            }

            if (names?.Length != Children.Count)
            {
                string[] sorted = [.. Children.Keys];
                Array.Sort(sorted, StringComparer.Ordinal);
                names = sorted;
            }

            return names;
        }
    }
}
