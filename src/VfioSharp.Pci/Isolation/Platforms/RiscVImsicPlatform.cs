using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// RISC-V IMSIC (Advanced Interrupt Architecture 1.0, chapter 3): each hart has interrupt files, pages that a message is written to; the data
/// names the interrupt. The IOMMU's MSI page table (IOMMU 1.0, 3.1.3.6) says which pages a function reaches and nothing of the data, so a file
/// that two groups share isolates neither, and Linux puts all host interrupts of a hart into its one supervisor-level file.
/// </summary>
internal sealed class RiscVImsicPlatform : IsolationPlatform
{
    public override string Name => "RISC-V IMSIC";

    public override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        IReadOnlyList<MsiChip> chips = MsiChip.Of(host, function.Function);
        if (chips.FirstOrDefault(chip => !chip.IsPciMsi("")) is { Name: not null } other)
        {
            return MessageFilter.Unknown(MsiChip.Source, $"its vectors are delivered by {other.Name}, a chip that no platform known here judges");
        }

        return Judge(MsiRoute.Of(host, MsiRoute.BridgeAbove(host, function.Function), function.Function.Address.Segment, function.Ids));
    }

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters)
    {
        MessageFilter filter = Judge(MsiRoute.Of(host, bridge, bridge.Segment, requesters.SelectMany(requester => requester.Ids)));
        return new RootBusGuarantee(filter.Verdict == IsolationVerdict.Isolated, filter.Findings);
    }

    private static MessageFilter Judge(MsiRoute route) => route switch
    {
        { Kinds: [], IsCertain: true } => new MessageFilter { Verdict = IsolationVerdict.NotIsolated, Advertised = false, InUse = false }.With(route.Source, route.Text),
        { Kinds: [] } => MessageFilter.Unknown(route.Source, route.Text),
        { Kinds: [MsiControllerKind.Imsic], GuestIndexBits: 0 } => new MessageFilter
        {
            Verdict = IsolationVerdict.NotIsolated,
            Advertised = false,
            InUse = false,
            Advice = "no kernel option helps: the harts have no guest interrupt files, so all functions share the supervisor-level ones",
        }.With(route.Source, $"{route.Text}, an IMSIC without guest interrupt files: every function writes the harts' shared supervisor-level files, and the IOMMU filters pages, not data"),
        { Kinds: [MsiControllerKind.Imsic] } => new MessageFilter { Advertised = true }.With(route.Source,
            $"{route.Text}, an IMSIC with guest interrupt files; whether every file that its group can reach is the group's own cannot be read from outside the kernel"),
        _ => MessageFilter.Unknown(route.Source, $"{route.Text}, which no platform known here judges"),
    };
}
