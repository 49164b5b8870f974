using System.Text;
using System.Text.RegularExpressions;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>A captured host with something changed: what other hosts of its kind would show.</summary>
internal sealed class AlteredHost(string name)
{
    private readonly List<Func<MemoryTreeEntry, MemoryTreeEntry?>> changes = [];
    private readonly List<MemoryTreeEntry> added = [];

    /// <summary>Takes away every file, link and folder whose path matches.</summary>
    public AlteredHost Without(string pattern)
    {
        changes.Add(entry => Regex.IsMatch(entry.Path, pattern) ? null : entry);
        return this;
    }

    /// <summary>Makes what matches unreadable, as it is for a reader without privilege.</summary>
    public AlteredHost Denied(string pattern)
    {
        changes.Add(entry => entry.File is not null && Regex.IsMatch(entry.Path, pattern) ? entry with { File = HostFile.Denied } : entry);
        return this;
    }

    /// <summary>Rewrites the text of the files whose path matches.</summary>
    public AlteredHost Edit(string pattern, Func<string, string> edit)
    {
        changes.Add(entry => entry.File is { IsRead: true } file && Regex.IsMatch(entry.Path, pattern)
            ? entry with { File = HostFile.Of(Encoding.UTF8.GetBytes(edit(Encoding.UTF8.GetString(file.Content.Span)))) } : entry);
        return this;
    }

    /// <summary>Cuts the files whose path matches to a length.</summary>
    public AlteredHost Cut(string pattern, int length)
    {
        changes.Add(entry => entry.File is { IsRead: true } file && Regex.IsMatch(entry.Path, pattern) && file.Content.Length > length
            ? entry with { File = HostFile.Of(file.Content[..length]) } : entry);
        return this;
    }

    /// <summary>Adds or replaces a file.</summary>
    public AlteredHost With(string path, string text)
    {
        added.Add(new MemoryTreeEntry(path, null, HostFile.Of(Encoding.UTF8.GetBytes(text))));
        return this;
    }

    /// <summary>No driver holds vectors: as after a boot without drivers, or with everything bound to vfio-pci and closed.</summary>
    public AlteredHost WithoutVectors() => Without("/msi_irqs/").Edit("^proc/interrupts$", text => WithoutLines(text, "PCI-MSI"));

    public static string WithoutLines(string text, string mark) =>
        string.Join('\n', text.Split('\n').Where(line => !line.Contains(mark, StringComparison.Ordinal)));

    public MemoryTree Tree()
    {
        var tree = new MemoryTree();
        foreach (MemoryTreeEntry original in CapturedHost.Open(name).Tree.Entries())
        {
            MemoryTreeEntry? entry = original;
            foreach (Func<MemoryTreeEntry, MemoryTreeEntry?> change in changes)
            {
                entry = entry is { } current ? change(current) : null;
            }

            Add(tree, entry);
        }

        foreach (MemoryTreeEntry entry in added)
        {
            Add(tree, entry);
        }

        return tree;
    }

    public HostAudit Audit() => HostAudit.Of(HostEvidence.Read(Tree()));

    public FunctionAudit Audit(string address) => Audit().Functions.Single(function => function.Address == PciAddress.Parse(address));

    private static void Add(MemoryTree tree, MemoryTreeEntry? entry)
    {
        switch (entry)
        {
            case { Link: { } link, Path: var path }:
                tree.AddLink(path, link);
                break;
            case { File: { } file, Path: var path }:
                tree.AddFile(path, file);
                break;
            case { Path: var path }:
                tree.AddFolder(path);
                break;
        }
    }
}
