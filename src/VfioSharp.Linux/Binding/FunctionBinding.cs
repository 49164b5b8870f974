using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Linux.Binding;

/// <summary>What a function is bound to, and what is to be known before that is changed.</summary>
public sealed record FunctionBinding
{
    /// <summary>What the host shows of the function.</summary>
    public required FunctionEvidence Evidence { get; init; }

    /// <summary>Its address.</summary>
    public PciAddress Address => Evidence.Address;

    /// <summary>Whether vfio-pci, or one of its variants for one vendor's functions, has it.</summary>
    public bool IsBound { get; init; }

    /// <summary>Whether it is bound or could be: an endpoint in an IOMMU group that is no IOMMU itself.</summary>
    public bool IsCandidate { get; init; }

    /// <summary>Whether its group could be opened once the function itself is bound.</summary>
    public required Assignability Assignability { get; init; }

    /// <summary>The driver that it had before vfio-pci, where <see cref="VfioBinding"/> bound it since the last reboot; else null.</summary>
    public string? FormerDriver { get; init; }

    /// <summary>The only driver that may match it (<c>driver_override</c>), or null.</summary>
    public string? DriverOverride { get; init; }

    /// <summary>The files through which it is opened, while it is bound: its group's and, since Linux 6.6, its own.</summary>
    public ImmutableArray<string> Nodes { get; init; } = [];

    /// <summary>Who has it or its group open.</summary>
    public ImmutableArray<VfioHolder> Holders { get; init; } = [];

    /// <summary>What would break if it were taken from its driver, as sentences.</summary>
    public ImmutableArray<string> Uses { get; init; } = [];
}
