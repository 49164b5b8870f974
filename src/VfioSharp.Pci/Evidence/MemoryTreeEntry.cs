namespace VfioSharp.Pci.Evidence;

/// <summary>One leaf of a <see cref="MemoryTree"/>: a file, a symbolic link, or an empty folder (neither).</summary>
/// <param name="Path">The path from the root.</param>
/// <param name="Link">The link's target text, or null.</param>
/// <param name="File">The file, or null.</param>
public readonly record struct MemoryTreeEntry(string Path, string? Link, HostFile? File);
