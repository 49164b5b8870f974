namespace VfioSharp.Pci.Evidence;

/// <summary>Reads a host's tree and remembers what it was not allowed to read, so that the audit can say so.</summary>
internal sealed class EvidenceSource(HostTree tree)
{
    private readonly SortedSet<string> denied = new(StringComparer.Ordinal);

    /// <summary>The files that are there but that this reader lacked the privilege for.</summary>
    public IReadOnlyCollection<string> Denied => denied;

    public HostTree Tree => tree;

    public HostFile Read(string path)
    {
        HostFile file = tree.Read(path);
        if (file.State == HostFileState.Denied)
        {
            denied.Add(path);
        }

        return file;
    }

    public string? ReadText(string path) => Read(path).Text;

    public IReadOnlyList<string> List(string path) => tree.List(path);

    public string? ReadLinkName(string path) => tree.ReadLinkName(path);
}
