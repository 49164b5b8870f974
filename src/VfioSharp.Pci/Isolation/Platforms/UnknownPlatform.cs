using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>A machine that nothing identifies, or whose interrupt path is not known here.</summary>
internal sealed class UnknownPlatform : IsolationPlatform
{
    public override string Name => "unknown";

    public override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        MessageFilter filter = MessageFilter.Unknown("architecture", Describe(host));
        foreach (MsiChip chip in MsiChip.Of(host, function.Function))
        {
            filter = filter.With(MsiChip.Source, $"its vectors are delivered by {chip.Name}, a chip that no platform known here judges");
        }

        return filter;
    }

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters) =>
        RootBusGuarantee.Withheld("architecture", Describe(host));

    private static string Describe(HostEvidence host) => host.Architecture is { } name
        ? $"how messages reach the processors of {name} is not known here"
        : "nothing tells which architecture this host is";
}
