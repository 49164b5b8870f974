using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;

namespace VfioSharp.VirtualHost.Interrupts;

/// <summary>A function as the host's MSI code sees it: under which IDs its messages may arrive, and with whom it shares.</summary>
/// <param name="Address">Its address.</param>
/// <param name="Aliases">The IDs that bridges above put in the place of its own, the topmost last; empty where its own arrives.</param>
/// <param name="Group">The number of its IOMMU group; on Power the number of its partitionable endpoint. -1 where nothing puts it in one.</param>
internal sealed record MessageSource(PciAddress Address, ImmutableArray<DmaAlias> Aliases, int Group)
{
    /// <summary>The ID that arrives at the host bridge.</summary>
    public RequesterId SeenAs => Aliases is [.., var last] ? last.Id : Address.RequesterId;

    /// <summary>All IDs that may arrive, its own first.</summary>
    public IEnumerable<RequesterId> Ids => [Address.RequesterId, .. Aliases.Select(alias => alias.Id)];
}
