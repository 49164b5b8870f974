using System.Text.Json;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Snapshots;

namespace VfioSharp.Pci.Tests.Hosts;

/// <summary>A host captured from a real kernel, with what that kernel's VFIO then did with each function.</summary>
internal sealed class CapturedHost
{
    private static readonly string Folder = Path.Combine(AppContext.BaseDirectory, "Data", "hosts");

    private CapturedHost(string name)
    {
        Name = name;
        using FileStream archive = File.OpenRead(Path.Combine(Folder, name, "host.tar.gz"));
        Tree = SnapshotArchive.Read(archive);
        Truth = [.. File.ReadLines(Path.Combine(Folder, name, "truth.jsonl")).Where(line => line.Length > 0).Select(KernelAnswer.Parse)];
    }

    public static IReadOnlyList<string> Names { get; } = [.. Directory.GetDirectories(Folder).Select(path => Path.GetFileName(path)).Order(StringComparer.Ordinal)];

    public string Name { get; }

    public MemoryTree Tree { get; }

    public IReadOnlyList<KernelAnswer> Truth { get; }

    public static CapturedHost Open(string name) => new(name);

    public HostEvidence Read() => HostEvidence.Read(Tree);

    public override string ToString() => Name;
}

/// <summary>One line of truth.jsonl.</summary>
/// <param name="Address">The function.</param>
/// <param name="Group">Its IOMMU group, or null.</param>
/// <param name="Verdict">ATTACHED_…, REFUSED_EPERM, SET_CONTAINER_EPERM (group not viable) or BIND_FAILED.</param>
/// <param name="Vectors">MSI-X vectors as VFIO saw them, or null.</param>
/// <param name="TableBar">The table's BAR, or null.</param>
/// <param name="TableOffset">The table's offset, or null.</param>
/// <param name="PbaBar">The PBA's BAR, or null.</param>
/// <param name="PbaOffset">The PBA's offset, or null.</param>
internal sealed record KernelAnswer(
    PciAddress Address, int? Group, string Verdict, int? Vectors, int? TableBar, ulong? TableOffset, int? PbaBar, ulong? PbaOffset)
{
    public bool Attached => Verdict.StartsWith("ATTACHED", StringComparison.Ordinal);

    public bool Refused => Verdict == "REFUSED_EPERM";

    public static KernelAnswer Parse(string line)
    {
        using JsonDocument document = JsonDocument.Parse(line);
        JsonElement root = document.RootElement;
        JsonElement? msix = root.TryGetProperty("msix", out JsonElement found) && found.ValueKind == JsonValueKind.Object ? found : null;
        int? Msix(string name) => msix is { } m && m.TryGetProperty(name, out JsonElement value) ? value.GetInt32() : null;
        return new KernelAnswer(
            PciAddress.Parse(root.GetProperty("bdf").GetString()!),
            root.TryGetProperty("iommu_group", out JsonElement group) && group.ValueKind == JsonValueKind.String
                ? int.Parse(group.GetString()!, System.Globalization.CultureInfo.InvariantCulture) : null,
            root.GetProperty("verdict").GetString()!,
            Msix("vectors"), Msix("table_bar"), (ulong?)Msix("table_offset"), Msix("pba_bar"), (ulong?)Msix("pba_offset"));
    }
}
