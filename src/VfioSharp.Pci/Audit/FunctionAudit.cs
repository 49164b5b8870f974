using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Audit;

/// <summary>Everything the audit says of one function.</summary>
public sealed record FunctionAudit
{
    /// <summary>The function's place in the topology.</summary>
    public required PciNode Node { get; init; }

    /// <summary>The function's address.</summary>
    public PciAddress Address => Node.Address;

    /// <summary>What the host shows of it.</summary>
    public FunctionEvidence Evidence => Node.Evidence;

    /// <summary>Its configuration space, as far as it could be read.</summary>
    public ConfigurationSpace Configuration => Node.Evidence.Configuration;

    /// <summary>Its BARs.</summary>
    public required BarSet Bars { get; init; }

    /// <summary>Whether its group's MSIs are isolated, and why.</summary>
    public required IsolationAssessment Isolation { get; init; }

    /// <summary>Whether it could be given to a user.</summary>
    public required Assignability Assignability { get; init; }

    /// <summary>Where its MSI-X table and PBA lie; null where it has no MSI-X or its capabilities could not be read.</summary>
    public MsixGeometry? Msix { get; init; }


    /// <summary>What was decided; null where there is no usable table.</summary>
    public MsixTableDecision? Table { get; init; }

    /// <summary>What is odd about what the function reports.</summary>
    public ImmutableArray<ConfigurationFinding> Findings { get; init; } = [];
}
