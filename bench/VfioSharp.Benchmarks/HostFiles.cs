using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;
using VfioSharp.Tests.Shared;

namespace VfioSharp.Benchmarks;

/// <summary>Puts a made-up host on disk.</summary>
internal static class HostFiles
{
    public static void WriteArchive(int virtualFunctions, string path)
    {
        using FileStream file = File.Create(path);
        SnapshotArchive.Write(new SyntheticHost(virtualFunctions).ToTree(), file);
    }

    public static void WriteFolder(int virtualFunctions, string folder)
    {
        foreach (MemoryTreeEntry entry in new SyntheticHost(virtualFunctions).ToTree().Entries())
        {
            string path = Path.Combine(folder, entry.Path);
            Directory.CreateDirectory(Path.GetDirectoryName(path)!);
            if (entry.Link is { } target)
            {
                File.CreateSymbolicLink(path, target);
            }
            else if (entry.File is { } file)
            {
                File.WriteAllBytes(path, file.Content.Span);
            }
            else
            {
                Directory.CreateDirectory(path);
            }
        }
    }
}
