namespace VfioSharp.Pci.Evidence;

/// <summary>
/// A host's files as far as the audit is concerned: <c>/sys</c>, <c>/proc</c>, the kernel log. The live machine, a folder, a snapshot
/// archive and a virtual host each supply one. Paths are relative to the root, use <c>/</c>, and have no leading <c>/</c>.
/// </summary>
/// <remarks>No member throws for what a host shows or lacks. Instances may be used by several threads at once.</remarks>
public abstract class HostTree
{
    /// <summary>Reads a whole file, following symbolic links.</summary>
    public abstract HostFile Read(string path);

    /// <summary>The names in a folder, following symbolic links, in ordinal order; empty where there is no such folder.</summary>
    public abstract IReadOnlyList<string> List(string path);

    /// <summary>The text of the symbolic link at <paramref name="path"/>, or null where there is none.</summary>
    public abstract string? ReadLink(string path);

    /// <summary>The last component of the link's target (the driver's name, the group's number), or null where there is no link.</summary>
    public string? ReadLinkName(string path)
    {
        string? target = ReadLink(path);
        return target?[(target.LastIndexOf('/') + 1)..];
    }

    /// <summary>Where the link at <paramref name="path"/> points, as a path of this tree, or null where there is no link.</summary>
    /// <remarks>Resolved by its text alone: sysfs keeps device folders, to which these links point, free of further links.</remarks>
    public string? ResolveLink(string path)
    {
        string? target = ReadLink(path);
        return target is null ? null : HostPath.Combine(HostPath.Parent(path), target);
    }
}
