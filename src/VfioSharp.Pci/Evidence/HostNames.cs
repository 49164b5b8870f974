using VfioSharp.Pci.Naming;

namespace VfioSharp.Pci.Evidence;

/// <summary>Reads the names of a host's vendors and devices from its pci.ids, of which a snapshot keeps only what names its functions.</summary>
internal static class HostNames
{
    private const string SnapshotFile = "usr/share/misc/pci.ids";

    // Debian; Fedora, Arch and openSUSE; what update-pciids leaves.
    private static readonly string[] Files = [SnapshotFile, "usr/share/hwdata/pci.ids", "var/lib/pciutils/pci.ids"];

    public static PciIds Read(EvidenceSource source, IEnumerable<FunctionEvidence> functions)
    {
        foreach (string path in Files)
        {
            if (source.Tree.Read(path) is { IsRead: true, Content: var content })
            {
                return PciIds.Read(content.Span, functions.Select(function => (function.VendorId, function.DeviceId)));
            }
        }

        return PciIds.Empty;
    }

    public static void WriteTo(MemoryTree tree, PciIds names)
    {
        if (!names.IsEmpty)
        {
            tree.AddFile(SnapshotFile, names.ToString());
        }
    }
}
