using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// x86: a message is a write to 0xfeexxxxx that names a processor and a vector, and any function can write any of them unless a remapping
/// unit stands in between. Linux says which by a prefix: <c>IR-</c> on the chips whose messages are remapped.
/// </summary>
internal abstract class X86Platform : IsolationPlatform
{
    /// <summary>Linux numbers segments from here that exist in software alone (<c>vmd_find_free_domain()</c>, drivers/pci/controller/vmd.c).</summary>
    protected const uint FirstSoftwareSegment = 0x10000;

    private const string IoApicSource = "proc/interrupts";
    private const string LogSource = "kernel log";

    /// <summary>The kind of remapping unit whose groups the host's IO-APIC speaks for.</summary>
    protected abstract IommuUnitKind UnitKind { get; }

    /// <summary>What the log says when remapping was turned on.</summary>
    protected abstract string EnabledLine { get; }

    /// <summary>What the log says when it was not.</summary>
    protected abstract ImmutableArray<string> DisabledLines { get; }

    /// <summary>What the operator can do.</summary>
    protected abstract string Advice { get; }

    public sealed override MessageFilter ExamineFunction(HostEvidence host, Requester function)
    {
        (bool? claimed, ImmutableArray<IsolationFinding> claims) = ExamineClaims(host, function.Function);
        MessageFilter filter = ExamineUse(host, function);
        filter = filter with { Advertised = claimed, Findings = filter.Findings.AddRange(claims), Advice = filter.Advice ?? Advice };
        return filter.InUse == true ? ExamineStrength(host, filter) : filter;
    }

    public sealed override MessageFilter AcceptAttach(HostEvidence host, MessageFilter filter) => !filter.AttachSettles ? filter
        : ExamineStrength(host, filter with { Verdict = IsolationVerdict.Isolated, InUse = true, KernelAnswer = true });

    public override RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters)
    {
        if (bridge.IsBehindFunction || bridge.Segment >= FirstSoftwareSegment)
        {
            return RootBusGuarantee.Withheld("bus flag", $"segment {bridge.Segment:x4} exists in software alone: its host bridge vouches for nothing");
        }

        (bool? inUse, IsolationFinding finding) = ExamineHostUse(host);
        if (inUse != true)
        {
            return new RootBusGuarantee(false, [finding]);
        }

        MessageFilter strength = ExamineStrength(host, new MessageFilter { Verdict = IsolationVerdict.Isolated });
        RootBusGuarantee coverage = ExamineCoverage(host, requesters);
        return new RootBusGuarantee(strength.Verdict == IsolationVerdict.Isolated && coverage.IsIsolated,
            [finding, .. strength.Findings, .. coverage.Findings]);
    }

    /// <summary>What hardware and firmware claim to be able to do.</summary>
    protected abstract (bool? Claimed, ImmutableArray<IsolationFinding> Findings) ExamineClaims(HostEvidence host, FunctionEvidence function);

    /// <summary>What the command line says against remapping; empty where it says nothing.</summary>
    protected static ImmutableArray<IsolationFinding> ToldNotToRemap(HostEvidence host) =>
        host.CommandLine.ForbidsInterruptRemapping ? [new("proc/cmdline", "the kernel was told not to remap interrupts (intremap=off)")] : [];

    /// <summary>Whether remapping, in use, also isolates.</summary>
    protected virtual MessageFilter ExamineStrength(HostEvidence host, MessageFilter filter) => filter;

    /// <summary>Whether the firmware puts each of some functions under a remapping unit; given where it does not tell.</summary>
    protected abstract RootBusGuarantee ExamineCoverage(HostEvidence host, ImmutableArray<Requester> requesters);

    private MessageFilter ExamineUse(HostEvidence host, Requester requester)
    {
        FunctionEvidence function = requester.Function;
        IReadOnlyList<MsiChip> chips = MsiChip.Of(host, function);
        MessageFilter filter = chips.Count > 0 ? ExamineChips(chips) : ExamineWithoutVectors(host, requester);
        if (host.MsiDomains.GetValueOrDefault(function.Address) is { } domain)
        {
            filter = filter with { KernelAnswer = domain.IsIsolated };
            filter = filter.With("sys/kernel/debug/irq/domains",
                $"the kernel's domain {domain.Domain} {(domain.IsIsolated ? "has" : "lacks")} IRQ_DOMAIN_FLAG_ISOLATED_MSI");

            // A domain of VMD's or a hypervisor's may have the flag from the one above it: the kernel's answer, but, as with its chips, no evidence.
            bool isNative = domain.Domain.StartsWith("IR-PCI-MSI", StringComparison.Ordinal) || domain.Domain.StartsWith("PCI-MSI", StringComparison.Ordinal);
            if (chips.Count == 0)
            {
                filter = !isNative ? filter with { Verdict = IsolationVerdict.Unknown, InUse = null } : filter with { Verdict = domain.IsIsolated ? IsolationVerdict.Isolated : IsolationVerdict.NotIsolated, InUse = domain.IsIsolated };
            }
        }

        return filter;
    }

    private static MessageFilter ExamineChips(IReadOnlyList<MsiChip> chips)
    {
        if (chips.FirstOrDefault(chip => chip.IsPciMsi("")) is { Name: not null } raw)
        {
            return new MessageFilter { Verdict = IsolationVerdict.NotIsolated, InUse = false, KernelAnswer = false }
                .With(MsiChip.Source, $"its vectors are delivered by {raw.Name}: messages reach the processors as they are written");
        }

        if (chips.FirstOrDefault(chip => !chip.IsPciMsi("IR-")) is { Name: not null } other)
        {
            (string whose, string? advice) = DescribeForeign(other.Name);
            return MessageFilter.Unknown(MsiChip.Source, $"its vectors are delivered by {other.Name}, {whose}") with { Advice = advice };
        }

        return new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true, KernelAnswer = true }
            .With(MsiChip.Source, $"its vectors are delivered by {chips[0].Name}: messages pass the interrupt-remapping table");
    }

    private static (string Whose, string? Advice) DescribeForeign(string chip) =>
        chip.StartsWith("VMD", StringComparison.Ordinal)
            ? ("Intel VMD's: the functions behind it share VMD's own vectors, and no platform known here judges that", "turn Intel VMD off in the firmware, so that its functions signal for themselves")
        : chip.StartsWith("Hyper-V", StringComparison.Ordinal) || chip.StartsWith("HV-", StringComparison.Ordinal)
            ? ("Hyper-V's: the hypervisor routes them out of this kernel's sight", "nothing here can tell or change what Hyper-V does to messages: ask its host")
        : chip.StartsWith("xen", StringComparison.OrdinalIgnoreCase)
            ? ("Xen's: the hypervisor routes them out of this kernel's sight", "nothing here can tell or change what Xen does to messages: assign functions with Xen's own tools, or boot without Xen")
        : ("a chip that no platform known here judges", null);

    // No vectors of its own: bound to no driver, or to vfio-pci and not open. Then the host's IO-APIC speaks, but only for functions of
    // a remapping unit: Hyper-V remaps the IO-APIC alone, and VMD's children do not signal through the unit of their group.
    private MessageFilter ExamineWithoutVectors(HostEvidence host, Requester requester)
    {
        FunctionEvidence function = requester.Function;
        if (function.Address.Segment >= FirstSoftwareSegment)
        {
            return MessageFilter.Unknown(MsiChip.Source,
                $"it holds no vectors, and segment {function.Address.Segment:x4} exists in software alone (Intel VMD): the IO-APIC does not speak for it; bind a driver and audit again");
        }

        if (function.IommuGroup is not null && UnitOf(host, function)?.Kind != UnitKind)
        {
            return ExamineForeignUnit(host, function);
        }

        (bool? inUse, IsolationFinding finding) = ExamineHostUse(host);
        return inUse == true && function.IommuGroup is null ? ExamineUngrouped(host, requester, finding) : new MessageFilter
        {
            Verdict = inUse switch { true => IsolationVerdict.Isolated, false => IsolationVerdict.NotIsolated, null => IsolationVerdict.Unknown },
            InUse = inUse,
            KernelAnswer = inUse,
            AttachSettles = inUse is null && function.IommuGroup is not null,
            Findings = [finding],
        };
    }

    /// <summary>A function without vectors or group on a host whose IO-APIC is remapped, as <paramref name="finding"/> says.</summary>
    protected virtual MessageFilter ExamineUngrouped(HostEvidence host, Requester function, IsolationFinding finding)
    {
        if (ExamineCoverage(host, [function]) is { IsIsolated: false } uncovered)
        {
            return new MessageFilter { Verdict = IsolationVerdict.NotIsolated, InUse = false, KernelAnswer = false, Findings = [finding, .. uncovered.Findings] };
        }

        // Linux ignores a whole unit with intel_iommu=igfx_off: for_each_iommu() passes it over, so neither DMA nor messages go through it.
        return host.IommuUnits.Values.Any(unit => unit.Kind == UnitKind)
            ? MessageFilter.Unknown(IoApicSource, "it holds no vectors, and the IOMMUs that are at work leave it out: the IO-APIC does not speak for it")
            : new MessageFilter { Verdict = IsolationVerdict.Isolated, InUse = true, KernelAnswer = true, Findings = [finding] };
    }

    /// <summary>A function without vectors whose group hangs on another kind of IOMMU than this platform's.</summary>
    protected virtual MessageFilter ExamineForeignUnit(HostEvidence host, FunctionEvidence function) =>
        MessageFilter.Unknown(MsiChip.Source, $"it holds no vectors, and its group hangs on {function.IommuUnit ?? "an IOMMU that sysfs does not name"}, for which the IO-APIC does not speak");

    /// <summary>Whether the host remaps, by its IO-APICs and else by its log.</summary>
    protected (bool? InUse, IsolationFinding Finding) ExamineHostUse(HostEvidence host)
    {
        ImmutableArray<string> chips = host.Interrupts.IoApicChips();
        switch (chips)
        {
            case ["IR-IO-APIC"]:
                return (true, new(IoApicSource, "the host's IO-APICs are IR-IO-APIC: interrupt remapping is in use"));
            case ["IO-APIC"]:
                return (false, new(IoApicSource, "the host's IO-APICs are plain IO-APIC: interrupt remapping is not in use"));
            case { Length: > 1 }:
                return (null, new(IoApicSource, "some of the host's IO-APICs are remapped and some are not"));
        }

        if (DisabledLines.Select(host.Log.Find).FirstOrDefault(line => line is not null) is { } disabled)
        {
            return (false, new(LogSource, disabled));
        }

        if (host.Log.Find(EnabledLine) is { } enabled)
        {
            return (true, new(LogSource, enabled));
        }

        return (null, new(LogSource, host.Log.State == HostFileState.Denied
            ? "no IO-APIC shows whether interrupts are remapped, and the kernel log may not be read; run as root"
            : "no IO-APIC shows whether interrupts are remapped, and the kernel log does not say"));
    }
}
