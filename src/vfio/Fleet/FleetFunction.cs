using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Fleet;

/// <summary>What is compared and counted of a function: the part of its audit that a snapshot and an audit's JSON both tell.</summary>
internal sealed record FleetFunction
{
    /// <summary>Its address.</summary>
    public required string Address { get; init; }

    /// <summary>Vendor and device, as lspci writes them: <c>8086:10c9</c>.</summary>
    public required string Id { get; init; }

    /// <summary>What it is, in words.</summary>
    public required string Kind { get; init; }

    /// <summary>The driver that holds it; null where none does.</summary>
    public string? Driver { get; init; }

    /// <summary>Its IOMMU group; null where it is in none.</summary>
    public int? Group { get; init; }

    /// <summary>Whether its group's MSIs are isolated.</summary>
    public required IsolationVerdict Verdict { get; init; }

    /// <summary>Whether that host's VFIO would attach the group; null where it cannot be told.</summary>
    public bool? KernelAccepts { get; init; }

    /// <summary>Whose knowledge was applied.</summary>
    public required string Platform { get; init; }

    /// <summary>The evidence that decided.</summary>
    public string? Reason { get; init; }

    /// <summary>What would bring isolation; null where it is isolated.</summary>
    public string? Advice { get; init; }

    /// <summary>What was decided about its table's page, as JSON has it; null where it has no usable table.</summary>
    public string? Table { get; init; }

    /// <summary>Whether it could be given to a user.</summary>
    public bool Assignable { get; init; }
}
