using VfioSharp.Pci.Evidence;

namespace VfioSharp.Lab.Guest.Scenarios.Matrix;

/// <summary>A host as it looks where debugfs is not mounted: its audit can be held against what debugfs says, for it has not seen that.</summary>
internal sealed class TreeWithoutDebugFiles(HostTree tree) : HostTree
{
    private const string Folder = "sys/kernel/debug";

    public override HostFile Read(string path) => IsHidden(path) ? HostFile.Absent : tree.Read(path);

    public override IReadOnlyList<string> List(string path) => IsHidden(path) ? [] : tree.List(path);

    public override string? ReadLink(string path) => IsHidden(path) ? null : tree.ReadLink(path);

    private static bool IsHidden(string path) => path.TrimStart('/').StartsWith(Folder, StringComparison.Ordinal);
}
