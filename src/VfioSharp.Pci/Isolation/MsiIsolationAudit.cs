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
    private readonly int? attachedGroup;
    private readonly Dictionary<PciAddress, (IsolationPlatform Platform, MessageFilter Filter)> filters = [];
    private readonly Dictionary<int, GroupJudgement> groups = [];

    /// <summary>Prepares to judge the functions of a host.</summary>
    public MsiIsolationAudit(HostEvidence host, PciTopology topology)
        : this(host, topology, null)
    {
    }

    private MsiIsolationAudit(HostEvidence host, PciTopology topology, int? attachedGroup)
    {
        ArgumentNullException.ThrowIfNull(host);
        ArgumentNullException.ThrowIfNull(topology);
        this.host = host;
        this.topology = topology;
        this.attachedGroup = attachedGroup;
    }

    /// <summary>Judges one function of a host.</summary>
    /// <param name="host">The evidence.</param>
    /// <param name="address">The function.</param>
    /// <param name="attached">
    /// Whether the kernel has attached the function's group through VFIO while the override of the module that asks was off. That settles a verdict which
    /// lacks nothing else; it outweighs no evidence to the contrary, and is none on Power, where the kernel never asks.
    /// </param>
    /// <exception cref="ArgumentException">The host has no function at <paramref name="address"/>.</exception>
    public static IsolationAssessment Assess(HostEvidence host, PciAddress address, bool attached = false)
    {
        ArgumentNullException.ThrowIfNull(host);
        var topology = PciTopology.Build(host);
        if (!topology.TryGetNode(address, out PciNode? node))
        {
            throw new ArgumentException($"the host has no function at {address}", nameof(address));
        }

        return new MsiIsolationAudit(host, topology, attached ? node.Evidence.IommuGroup : null).Assess(node);
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
        string? reason;
        bool? accepts;
        if (group is null || group.IsNoIommu)
        {
            verdict = IsolationVerdict.NotIsolated;
            accepts = false;
            IsolationFinding untranslated = DescribeUntranslated(group, filter, isIommu);
            reason = untranslated.Text;
            findings.Add(untranslated);
        }
        else
        {
            GroupJudgement judgement = Judge(group);
            verdict = judgement.Verdict;
            reason = judgement.DecidedBy is { } worst ? FilterOf(worst).Filter.Reason : null;
            if (judgement.DecidedBy is { } decider && decider.Address != node.Address && filter.Verdict != verdict)
            {
                findings.Add(new($"{GroupSource}/{group.Number}", $"its group is judged by its worst member, {decider.Address}: {FilterOf(decider).Filter.Findings.FirstOrDefault().Text}"));
            }

            accepts = AskKernel(node, group, judgement, findings);
            if (group.Number == attachedGroup)
            {
                accepts = true;
                findings.Add(DescribeAttach(verdict));
            }
        }

        if (group is not null && host.CommandLine.Parameters.Any(parameter => parameter.Key == "pcie_acs_override"))
        {
            findings.Add(new("proc/cmdline", "pcie_acs_override, where the kernel is patched to know it, makes groups smaller than what hardware keeps apart: a function may then reach another's registers, an MSI-X table among them, past the IOMMU"));
        }

        CompareWithBus(node, verdict, findings);
        return new IsolationAssessment
        {
            Verdict = verdict,
            Advertised = filter.Advertised,
            InUse = filter.InUse,
            KernelAccepts = accepts,
            Findings = findings.ToImmutable(),
            Reason = reason,
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

    private IsolationFinding DescribeAttach(IsolationVerdict verdict) => new("vfio", host.Family == ArchitectureFamily.Power
        ? "the kernel has attached the group, which tells nothing: it never asks about isolation on Power"
        : $"the kernel has attached the group with its override off: it takes the group for isolated{(verdict == IsolationVerdict.Isolated ? "" : ", which does not outweigh the rest")}");

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
            MessageFilter filter = platform.ExamineFunction(host, new Requester(node.Evidence, node.RequesterIds));
            found = (platform, node.Evidence.IommuGroup is { } group && group == attachedGroup ? platform.AcceptAttach(host, filter) : filter);
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

        if (!IsCoherent(node))
        {
            findings.Add(new("sys/class/iommu", $"nothing says that {node.Evidence.IommuUnit} walks its tables coherently: from Linux 5.19 on VFIO refuses a function (EINVAL) whose IOMMU does not"));
            return null;
        }

        bool? answer = judgement.KernelAnswer;
        if (group.OtherMembers is [var other, ..])
        {
            // iommu_group_has_isolated_msi() asks every member; before it, VFIO asked for the host as a whole.
            answer = answer == true && host.KernelIsAtLeast(6, 3) ? null : answer;
            findings.Add(new($"{GroupSource}/{group.Number}/devices", $"the group also holds {other.Key}, which is no PCI function: how its messages travel is not judged here, and the kernel asks about it too"));
        }

        if (host.Family == ArchitectureFamily.RiscV)
        {
            findings.Add(new("vfio", "whether this kernel's VFIO takes functions behind a RISC-V IOMMU is not known: binding was refused with EINVAL where it was tried"));
            return null;
        }

        if (answer != true && host.Vfio.AllowsUnsafe)
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

        return answer;
    }

    // IOMMU_CAP_CACHE_COHERENCY, which VFIO asks for since e8ae0e140c05 (5.19). arm_smmu_capable() answers by what firmware says of the SMMU
    // (drivers/iommu/arm/arm-smmu-v3); the device tree may say it of any node above (of_dma_is_coherent()).
    private bool IsCoherent(PciNode node)
    {
        if (!host.KernelIsAtLeast(5, 19) || IsolationPlatform.UnitOf(host, node.Evidence)?.Kind != IommuUnitKind.ArmSmmu)
        {
            return true;
        }

        const string Property = "dma-coherent";
        return host.DeviceTree.IsPresent && MsiRoute.BridgeAbove(host, node.Evidence)?.DeviceTreeNode is { } bridge
            ? host.DeviceTree.IommuFor(bridge, node.Address.RequesterId).Node is not { } smmu || smmu.Has(Property) || host.DeviceTree.Root!.Has(Property)
            : host.Firmware.IortTable?.SmmuFor(node.Address.Segment, node.Address.RequesterId) is not { } described || described.HasCoherentTableWalk;
    }

    private static int Severity(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.NotIsolated => 2,
        IsolationVerdict.Unknown => 1,
        _ => 0,
    };

    private sealed record GroupJudgement(IsolationVerdict Verdict, PciNode? DecidedBy, bool? KernelAnswer);
}
