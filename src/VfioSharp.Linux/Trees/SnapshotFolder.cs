using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Linux.Trees;

/// <summary>
/// An unpacked snapshot whose manifest names files that could not be read when it was taken: they are there, and still cannot be read.
/// </summary>
internal sealed class SnapshotFolder : HostTree
{
    private readonly FolderTree files;
    private readonly Dictionary<string, HostFile> unread = new(StringComparer.Ordinal);
    private readonly ILookup<string, string> names;

    private SnapshotFolder(FolderTree files, SnapshotManifest manifest)
    {
        this.files = files;
        Add(manifest.Unreadable, HostFile.Denied);
        Add(manifest.Failed, new HostFile(HostFileState.Failed, default));
        names = unread.Keys.ToLookup(Parent, path => path[(path.LastIndexOf('/') + 1)..]);
    }

    /// <summary>The folder with what its manifest says laid over it, where it says anything.</summary>
    public static HostTree Over(FolderTree files)
    {
        SnapshotManifest manifest = SnapshotManifest.Read(files);
        return manifest.Unreadable.Count == 0 && manifest.Failed.Count == 0 ? files : new SnapshotFolder(files, manifest);
    }

    /// <inheritdoc/>
    public override HostFile Read(string path) =>
        files.Resolve(path) is { } place && unread.TryGetValue(place, out HostFile file) ? file : files.Read(path);

    /// <inheritdoc/>
    public override IReadOnlyList<string> List(string path)
    {
        IReadOnlyList<string> found = files.List(path);
        return files.Resolve(path) is { } place && names.Contains(place)
            ? [.. found.Union(names[place]).Order(StringComparer.Ordinal)]
            : found;
    }

    /// <inheritdoc/>
    public override string? ReadLink(string path) => files.ReadLink(path);

    private static string Parent(string path) => path[..Math.Max(path.LastIndexOf('/'), 0)];

    private void Add(IReadOnlyList<string> paths, HostFile file)
    {
        foreach (string path in paths)
        {
            if (files.Resolve(path) is { Length: > 0 } place && files.List(place).Count == 0)
            {
                unread[place] = file;
            }
        }
    }
}
