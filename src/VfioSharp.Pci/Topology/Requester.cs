using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Topology;

/// <summary>A function and the requester IDs under which its writes may reach the IOMMU and the interrupt controller.</summary>
internal readonly record struct Requester(FunctionEvidence Function, ImmutableArray<RequesterId> Ids);
