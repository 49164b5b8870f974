using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// arm64: a GICv3 ITS (GIC architecture, IHI 0069, chapter 5) looks messages up in a table of the requester's own device ID, so it isolates;
/// a GICv2m frame is a register that anybody can write, so it does not. Which one serves a function is for firmware to say and Linux's chip
/// names to confirm. The reserved MSI region of the IOMMU group is the same for both and tells nothing.
/// </summary>
internal sealed class ArmGicPlatform : IsolationPlatform
{
    private const string NotIsolatedAdvice = "no kernel option helps: this needs a machine whose host bridge signals through a GICv3 ITS (in QEMU: -M virt,gic-version=3,its=on)";

    private const string NoIommuAdvice = "the ITS confines its messages; give it an SMMU for its DMA (in QEMU: -M virt,iommu=smmuv3)";

    private const string LeftAlone = "irqchip.gicv3_nolpi tells the kernel to set up no ITS, so it has no MSI controller for the function";

    public override string Name => "Arm GIC";

    public override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        MsiRoute route = MsiRoute.Of(host, MsiRoute.BridgeAbove(host, function.Function), function.Function.Address.Segment, function.Ids);
        IReadOnlyList<MsiChip> chips = MsiChip.Of(host, function.Function);
        bool isLeftAlone = chips.Count == 0 && route.IsAll(MsiControllerKind.GicV3Its) && IsToldToLeaveIts(host);
        MessageFilter filter = (isLeftAlone ? NotIsolated("proc/cmdline", LeftAlone).With(route.Source, route.Text) : ExamineUse(chips, route)) with
        {
            Advertised = route.Kinds is [] && !route.IsCertain ? null : route.IsAll(MsiControllerKind.GicV3Its),
        };
        foreach (string oddity in (string[])[.. host.Firmware.IortTable?.Findings ?? [], .. host.Firmware.MadtTable?.Findings ?? []])
        {
            filter = filter.With("sys/firmware/acpi/tables", oddity);
        }

        filter = filter with
        {
            Advice = isLeftAlone ? "boot without irqchip.gicv3_nolpi"
                : filter.Verdict == IsolationVerdict.Isolated && function.Function.IommuGroup is null ? NoIommuAdvice : NotIsolatedAdvice,
        };
        if (filter.Advertised is null && filter.InUse == true)
        {
            filter = filter with { Advertised = true };
        }

        bool? kernelAnswer = filter.Verdict switch
        {
            IsolationVerdict.Isolated => true,
            IsolationVerdict.NotIsolated => false,
            _ => null,
        };
        if (host.MsiDomains.GetValueOrDefault(function.Function.Address) is { } domain)
        {
            kernelAnswer = domain.IsIsolated;
        }

        // Before 6.3 one ITS anywhere answered for all (irq_domain_check_msi_remap()); since then only an ITS above the function's own domain does.
        return filter with
        {
            AttachSettles = filter.Verdict == IsolationVerdict.Unknown && chips.Count == 0 && route is { Kinds: [], IsCertain: false } && host.KernelIsAtLeast(6, 3) && host.Kernel is not null,
            KernelAnswer = kernelAnswer != true && !host.KernelIsAtLeast(6, 3) && HasIts(host) ? true : kernelAnswer,
        };
    }

    public override MessageFilter AcceptAttach(HostEvidence host, MessageFilter filter) => !filter.AttachSettles ? filter
        : filter with { Verdict = IsolationVerdict.Isolated, InUse = true, KernelAnswer = true };

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters)
    {
        MsiRoute route = MsiRoute.Of(host, bridge, bridge.Segment, requesters.SelectMany(requester => requester.Ids));
        return IsToldToLeaveIts(host) ? RootBusGuarantee.Withheld("proc/cmdline", LeftAlone)
            : new RootBusGuarantee(route.IsAll(MsiControllerKind.GicV3Its), [new(route.Source, route.Text)]);
    }

    private static MessageFilter ExamineUse(IReadOnlyList<MsiChip> chips, MsiRoute route)
    {
        if (chips.Any(IsGicV2m))
        {
            return NotIsolated(MsiChip.Source, $"its vectors are delivered by {chips.First(IsGicV2m).Name}: any function can write the frame");
        }

        if (chips.FirstOrDefault(chip => !IsIts(chip)) is { Name: not null } other)
        {
            // Linux before 6.8 called the GICv2m's chip plain MSI, as it called others.
            return other.Name == "MSI" && route.IsAll(MsiControllerKind.GicV2m) ? NotIsolated(route.Source, $"{route.Text}: any function can write the frame")
                : MessageFilter.Unknown(MsiChip.Source, $"its vectors are delivered by {other.Name}, a chip that no platform known here judges");
        }

        if (route.Kinds.Contains(MsiControllerKind.GicV3ItsBehindPreIts))
        {
            return NotIsolated(route.Source, $"{route.Text} behind a pre-ITS, which takes the device ID from the address written to: any function can use another's");
        }

        if (chips.Count > 0)
        {
            MessageFilter filter = new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true }
                .With(MsiChip.Source, $"its vectors are delivered by {chips[0].Name}: the ITS looks them up by the function's own device ID");
            return route.Kinds is [] ? filter : filter.With(route.Source, route.Text);
        }

        return route switch
        {
            { Kinds: [MsiControllerKind.GicV3Its] } => new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true }
                .With(route.Source, $"{route.Text}, which looks them up by the function's own device ID"),
            { Kinds: [MsiControllerKind.GicV2m] } => NotIsolated(route.Source, $"{route.Text}: any function can write the frame"),
            { Kinds: [], IsCertain: true } => NotIsolated(route.Source, $"{route.Text}: nothing ties a message to the function that sent it"),
            { Kinds: [] } => MessageFilter.Unknown(route.Source, $"it holds no vectors; {route.Text}"),
            _ => MessageFilter.Unknown(route.Source, $"{route.Text}, which no platform known here judges"),
        };
    }

    private static MessageFilter NotIsolated(string source, string text) =>
        new MessageFilter { Verdict = IsolationVerdict.NotIsolated, InUse = false }.With(source, text);

    // ITS-MSI until Linux 6.8, ITS-PCI-MSI[X] with the per-device domains after it.
    private static bool IsIts(MsiChip chip) => chip.Name == "ITS-MSI" || chip.IsPciMsi("ITS-");

    private static bool IsGicV2m(MsiChip chip) => chip.IsPciMsi("GICv2m-");

    private static bool HasIts(HostEvidence host) =>
        host.Log.Find("ITS [mem") is not null
        || (host.Firmware.MadtTable is { InterruptTranslationServices.Count: > 0 } && !IsToldToLeaveIts(host))
        || host.Functions.Any(function => MsiChip.Of(host, function).Any(IsIts));

    // gic_dist_supports_lpis(), drivers/irqchip/irq-gic-v3.c.
    private static bool IsToldToLeaveIts(HostEvidence host) => host.CommandLine.Flag("irqchip.gicv3_nolpi") == true;
}
