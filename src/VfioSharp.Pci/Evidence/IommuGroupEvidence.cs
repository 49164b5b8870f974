using System.Collections.Immutable;
using System.Globalization;

namespace VfioSharp.Pci.Evidence;

/// <summary>An IOMMU group as <c>/sys/kernel/iommu_groups</c> shows it.</summary>
public sealed record IommuGroupEvidence
{
    internal const string Folder = "sys/kernel/iommu_groups";

    /// <summary>The group's number.</summary>
    public required int Number { get; init; }

    /// <summary>Its name, or null: most groups have none; <c>vfio-noiommu</c> marks the groups of VFIO's no-IOMMU mode.</summary>
    public string? Name { get; init; }

    /// <summary>The type of its default domain (<c>DMA</c>, <c>DMA-FQ</c>, <c>identity</c>, <c>unknown</c>), or null. No evidence: VFIO attaches a domain of its own.</summary>
    public string? Type { get; init; }

    /// <summary>The lines of <c>reserved_regions</c>.</summary>
    public ImmutableArray<string> ReservedRegions { get; init; } = [];

    /// <summary>The members that are no PCI functions, each with the driver bound to it or null.</summary>
    public ImmutableArray<KeyValuePair<string, string?>> OtherMembers { get; init; } = [];

    /// <summary>Whether this is a group that VFIO made up for a function without an IOMMU.</summary>
    public bool IsNoIommu => Name == "vfio-noiommu";

    internal static IommuGroupEvidence Read(EvidenceSource source, int number)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"{Folder}/{number}");
        return new IommuGroupEvidence
        {
            Number = number,
            Name = source.ReadText($"{folder}/name") is { Length: > 0 } groupName ? groupName : null,
            Type = source.ReadText($"{folder}/type"),
            ReservedRegions = [.. (source.ReadText($"{folder}/reserved_regions") ?? "").Split('\n', StringSplitOptions.RemoveEmptyEntries | StringSplitOptions.TrimEntries)],
            OtherMembers = [.. from member in source.List($"{folder}/devices")
                               where !Addressing.PciAddress.TryParse(member, out _)
                               select new KeyValuePair<string, string?>(member, source.ReadLinkName($"{folder}/devices/{member}/driver"))],
        };
    }

    internal void WriteTo(MemoryTree tree, IEnumerable<FunctionEvidence> members)
    {
        string folder = string.Create(CultureInfo.InvariantCulture, $"{Folder}/{Number}");
        tree.AddFolder($"{folder}/devices");
        if (Name is not null)
        {
            tree.AddFile($"{folder}/name", Name + "\n");
        }

        if (Type is not null)
        {
            tree.AddFile($"{folder}/type", Type + "\n");
        }

        tree.AddFile($"{folder}/reserved_regions", string.Concat(ReservedRegions.Select(region => region + "\n")));
        foreach (FunctionEvidence member in members)
        {
            FunctionEvidence.AddLink(tree, $"{folder}/devices", member.Address.ToString(), $"bus/pci/devices/{member.Address}");
        }

        foreach ((string member, string? driver) in OtherMembers)
        {
            string device = $"{folder}/devices/{member}";
            tree.AddFolder(device);
            FunctionEvidence.AddLink(tree, device, "driver", driver is null ? null : $"bus/platform/drivers/{driver}");
        }
    }
}
