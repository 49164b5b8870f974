using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Pci.Topology;

/// <summary>A function's place in the topology.</summary>
public sealed class PciNode
{
    internal PciNode(FunctionEvidence evidence, PciBus bus, ImmutableArray<RequesterId> requesterIds)
    {
        Evidence = evidence;
        Bus = bus;
        RequesterIds = requesterIds;
        bus.Add(this);
    }

    /// <summary>What the host shows of the function.</summary>
    public FunctionEvidence Evidence { get; }

    /// <summary>The function's address.</summary>
    public PciAddress Address => Evidence.Address;

    /// <summary>The bus it hangs on. A virtual function hangs on its physical function's, even where its requester ID names another bus.</summary>
    public PciBus Bus { get; }

    /// <summary>
    /// The IDs under which the IOMMU may see its transactions: its own, then those that conventional bridges above it put in its place
    /// (<c>pci_for_each_dma_alias()</c>, drivers/pci/search.c).
    /// </summary>
    public ImmutableArray<RequesterId> RequesterIds { get; }
}
