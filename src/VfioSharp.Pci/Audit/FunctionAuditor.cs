using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Audit;

/// <summary>Puts the facts about one function, the verdict on its group and the decision about its table's page together.</summary>
internal sealed class FunctionAuditor(HostEvidence host, PciTopology topology, uint pageSize, MsixTableRule rule)
{
    private readonly MsiIsolationAudit isolation = new(host, topology);
    private readonly VfioMappability mappability = new(host, pageSize);
    private readonly GroupHolders holders = new(host, topology);

    public FunctionAudit Audit(PciNode node)
    {
        FunctionEvidence evidence = node.Evidence;
        ConfigurationSpace configuration = evidence.Configuration;
        BarSet bars = BarSet.Read(evidence.Resource, configuration);
        IsolationAssessment assessment = isolation.Assess(node);
        MsixGeometry? geometry = configuration.Capabilities.Msix is { } capability
            ? MsixGeometry.Create(capability, bars, evidence.VendorId, evidence.DeviceId) : null;
        return new FunctionAudit
        {
            Node = node,
            Bars = bars,
            Isolation = assessment,
            Assignability = Assignability.Of(host, holders, node, configuration),
            Msix = geometry,
            Table = geometry is { IsUsable: true } ? Decide(evidence, bars, geometry.TableBar, geometry, assessment) : null,
            Findings = [.. configuration.Findings, .. bars.Findings, .. geometry?.Findings ?? []],
        };
    }

    /// <summary>Decides about a BAR, which may be one without a table; null where it is no memory BAR of known length.</summary>
    public MsixTableDecision? Decide(FunctionEvidence evidence, BarSet bars, int index, MsixGeometry? geometry, IsolationAssessment assessment)
    {
        BarResource bar = bars[index];
        if (!bar.IsMemory || bar.Length == 0)
        {
            return null;
        }

        ByteRange? table = geometry?.TableBar == index ? geometry.Table : null;
        return MsixTablePolicy.Decide(new MsixTableQuestion(
            new ByteRange(0, bar.Length), table, geometry?.PbaBar == index ? geometry.Pba : null,
            mappability.Offer(evidence, bar, table.GetValueOrDefault()), pageSize, assessment.Verdict, rule)
        {
            IsolationAdvice = assessment.Advice,
            RelocationBar = MsixRelocation.Suggest(bars),
        });
    }
}
