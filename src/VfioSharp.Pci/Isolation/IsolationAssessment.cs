using System.Collections.Immutable;

namespace VfioSharp.Pci.Isolation;

/// <summary>The verdict on a function's IOMMU group, what it rests on, and what this kernel would do.</summary>
public sealed record IsolationAssessment
{
    /// <summary>Whether the group's MSIs are isolated. Folded over the group: NotIsolated beats Unknown beats Isolated.</summary>
    public required IsolationVerdict Verdict { get; init; }

    /// <summary>Whether hardware or firmware claims that it could filter the function's messages; null where nothing says either way.</summary>
    public bool? Advertised { get; init; }

    /// <summary>Whether a filter is at work on the function's messages; null where nothing tells. A filter at work is not yet isolation.</summary>
    public bool? InUse { get; init; }

    /// <summary>
    /// Whether this kernel's VFIO would let the group attach as far as isolation goes: its own answer, or an override that is on.
    /// Null where that cannot be told. Whether the group is viable is another matter (<see cref="Audit.Assignability.Blockers"/>).
    /// </summary>
    public bool? KernelAccepts { get; init; }

    /// <summary>What the verdict rests on, and what is worth saying beside it.</summary>
    public ImmutableArray<IsolationFinding> Findings { get; init; } = [];

    /// <summary>The one piece of evidence that decided, as a sentence: of the group's worst member, or that nothing translates; null where nothing is known.</summary>
    public string? Reason { get; init; }

    /// <summary>What an operator can do to get isolation on this platform; null where there is nothing to add.</summary>
    public string? Advice { get; init; }

    /// <summary>The platform whose knowledge was applied, for example <c>Intel VT-d</c>.</summary>
    public required string Platform { get; init; }
}
