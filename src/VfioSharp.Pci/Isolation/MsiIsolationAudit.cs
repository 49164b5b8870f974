using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation;

/// <summary>
/// Judges whether a host isolates the MSIs of its functions. Each platform says what it does to a function's messages; what is true of every
/// platform is said here, once: no group means no isolation, a group is as isolated as its worst member, VFIO's overrides change what the
/// kernel accepts and not the verdict, and the bus flag, derived apart, must agree.
/// </summary>
public sealed class MsiIsolationAudit
{
    private const string GroupSource = "sys/kernel/iommu_groups";

    private readonly HostEvidence host;
    private readonly PciTopology topology;
    private readonly Dictionary<PciAddress, (IsolationPlatform Platform, MessageFilter Filter)> filters = [];
    private readonly Dictionary<int, GroupJudgement> groups = [];

    /// <summary>Prepares to judge the functions of a host.</summary>
    public MsiIsolationAudit(HostEvidence host, PciTopology topology)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(topology);
        this.host = host;
        this.topology = topology;
    }

    /// <summary>Judges one function of a host.</summary>
    /// <exception cref="ArgumentException">The host has no function at <paramref name="address"/>.</exception>
    public static IsolationAssessment Assess(HostEvidence host, PciAddress address)
    {
        ArgumentNullException.ThrowIfNull(host);
        var audit = new MsiIsolationAudit(host, PciTopology.Build(host));
        return audit.topology.TryGetNode(address, out PciNode? node)
            ? audit.Assess(node)
            : throw new ArgumentException($"the host has no function at {address}", nameof(address));
    }

    /// <summary>Judges one function.</summary>
    public IsolationAssessment Assess(PciNode node)
    {
        ArgumentNullException.ThrowIfNull(node);
        (IsolationPlatform platform, MessageFilter filter) = FilterOf(node);
        ImmutableArray<IsolationFinding>.Builder findings = ImmutableArray.CreateBuilder<IsolationFinding>();
        findings.AddRange(filter.Findings);

        IommuGroupEvidence? group = node.Evidence.IommuGroup is { } number
            ? host.Groups.GetValueOrDefault(number) ?? new IommuGroupEvidence { Number = number } : null;
        bool isIommu = group is null && IommuUnitEvidence.IsIommu(node.Evidence);
        IsolationVerdict verdict;
        bool? accepts;
        if (group is null || group.IsNoIommu)
        {
            verdict = IsolationVerdict.NotIsolated;
            accepts = false;
            findings.Add(DescribeUntranslated(group, filter, isIommu));
        }
        else
        {
            GroupJudgement judgement = Judge(group);
            verdict = judgement.Verdict;
            if (judgement.DecidedBy is { } decider && decider.Address != node.Address && filter.Verdict != verdict)
            {
                findings.Add(new($"{GroupSource}/{group.Number}", $"its group is judged by its worst member, {decider.Address}: {FilterOf(decider).Filter.Findings.FirstOrDefault().Text}"));
            }

            accepts = AskKernel(node, group, judgement, findings);
        }

        CompareWithBus(node, verdict, findings);
        return new IsolationAssessment
        {
            Verdict = verdict,
            Advertised = filter.Advertised,
            InUse = filter.InUse,
            KernelAccepts = accepts,
            Findings = findings.ToImmutable(),
            Advice = verdict == IsolationVerdict.Isolated || isIommu ? null : filter.Advice,
            Platform = platform.Name,
        };
    }

    private static IsolationFinding DescribeUntranslated(IommuGroupEvidence? group, MessageFilter filter, bool isIommu)
    {
        if (isIommu)
        {
            return new(GroupSource, "it is an IOMMU itself: nothing translates for it, it is in no group, and there is nothing to assign");
        }

        string what = group is null ? "it is in no IOMMU group" : "its group is one of VFIO's no-IOMMU mode, which protects nothing";
        return new(GroupSource, filter.InUse == true
            ? $"{what}: its messages are filtered, but its DMA is untranslated and reaches all memory, the filter's own tables included"
            : $"{what}: its DMA is untranslated, so it can write any interrupt message there is");
    }

    private static void CompareWithBus(PciNode node, IsolationVerdict verdict, ImmutableArray<IsolationFinding>.Builder findings)
    {
        bool flag = node.Bus.HasIsolatedMsis;
        if (flag == (verdict == IsolationVerdict.Isolated))
        {
            return;
        }

        string reason = node.Bus.HostBridge.Findings is [var first, ..] ? $" ({first.Source}: {first.Text})" : "";
        findings.Add(new("bus flag", flag
            ? $"bus {node.Bus} is flagged MSI-isolated, yet the verdict is {Describe(verdict)}: the flag speaks of messages alone{reason}"
            : $"bus {node.Bus} is not flagged MSI-isolated, yet the function's own evidence says isolated{reason}"));
    }

    private static string Describe(IsolationVerdict verdict) => verdict == IsolationVerdict.NotIsolated ? "not isolated" : "unknown";

    private (IsolationPlatform Platform, MessageFilter Filter) FilterOf(PciNode node)
    {
        if (!filters.TryGetValue(node.Address, out (IsolationPlatform Platform, MessageFilter Filter) found))
        {
            IsolationPlatform platform = IsolationPlatform.OfFunction(host, node.Evidence);
            found = (platform, platform.ExamineFunction(host, new Requester(node.Evidence, node.RequesterIds)));
            filters.Add(node.Address, found);
        }

        return found;
    }

    private GroupJudgement Judge(IommuGroupEvidence group)
    {
        if (groups.TryGetValue(group.Number, out GroupJudgement? judgement))
        {
            return judgement;
        }

        PciNode? decider = null;
        IsolationVerdict verdict = IsolationVerdict.Isolated;
        bool? kernelAnswer = true;
        foreach (PciNode member in topology.MembersOf(group.Number))
        {
            MessageFilter filter = FilterOf(member).Filter;
            if (decider is null || Severity(filter.Verdict) > Severity(verdict))
            {
                decider = member;
                verdict = filter.Verdict;
            }

            kernelAnswer = (kernelAnswer, filter.KernelAnswer) switch
            {
                (false, _) or (_, false) => false,
                (null, _) or (_, null) => null,
                _ => true,
            };
        }

        judgement = new GroupJudgement(decider is null ? IsolationVerdict.Unknown : verdict, decider, decider is null ? null : kernelAnswer);
        groups.Add(group.Number, judgement);
        return judgement;
    }

    private bool? AskKernel(PciNode node, IommuGroupEvidence group, GroupJudgement judgement, ImmutableArray<IsolationFinding>.Builder findings)
    {
        // The kernel keeps a group whose firmware demands a 1:1 mapping to itself (iommu.c, "Firmware has requested this device have a 1:1
        // IOMMU mapping", 6.6; the Intel driver refused long before that).
        bool refusesDirect = host.KernelIsAtLeast(6, 6) || IsolationPlatform.UnitOf(host, node.Evidence)?.Kind == IommuUnitKind.IntelVtd;
        if (refusesDirect && group.ReservedRegions.FirstOrDefault(region => region.EndsWith(" direct", StringComparison.Ordinal)) is { } region)
        {
            findings.Add(new($"{GroupSource}/{group.Number}/reserved_regions", $"firmware demands a fixed mapping ({region}): the kernel keeps this group to itself"));
            return false;
        }

        if (host.Family == ArchitectureFamily.RiscV)
        {
            findings.Add(new("vfio", "whether this kernel's VFIO takes functions behind a RISC-V IOMMU is not known: binding was refused with EINVAL where it was tried"));
            return null;
        }

        if (judgement.KernelAnswer != true && host.Vfio.AllowsUnsafe)
        {
            foreach (string module in (ReadOnlySpan<string>)["vfio_iommu_type1", "iommufd"])
            {
                bool? on = module == "iommufd" ? host.Vfio.IommufdAllowsUnsafe : host.Vfio.Type1AllowsUnsafe;
                if (on is { } allows)
                {
                    findings.Add(new($"sys/module/{module}/parameters/allow_unsafe_interrupts", allows
                        ? $"{module}'s override is on: the kernel attaches the group although it is not isolated"
                        : $"{module}'s override is off: through {module} the kernel refuses the group"));
                }
            }

            return true;
        }

        return judgement.KernelAnswer;
    }

    private static int Severity(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.NotIsolated => 2,
        IsolationVerdict.Unknown => 1,
        _ => 0,
    };

    private sealed record GroupJudgement(IsolationVerdict Verdict, PciNode? DecidedBy, bool? KernelAnswer);
}
