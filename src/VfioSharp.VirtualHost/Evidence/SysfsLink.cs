using VfioSharp.Pci.Evidence;

namespace VfioSharp.VirtualHost.Evidence;

/// <summary>The links of sysfs, which name their targets by steps up and down from where they lie.</summary>
internal static class SysfsLink
{
    private const string Root = "sys/";

    /// <summary>Adds a link.</summary>
    /// <param name="tree">Where.</param>
    /// <param name="folder">The folder it lies in, below <c>sys/</c>.</param>
    /// <param name="name">Its name.</param>
    /// <param name="target">Where it leads, below <c>sys/</c>.</param>
    public static void Add(MemoryTree tree, string folder, string name, string target) =>
        tree.AddLink($"{folder}/{name}", string.Concat(Enumerable.Repeat("../", folder.Count(c => c == '/'))) + target[Root.Length..]);
}
