using System.Collections.Immutable;
using VfioSharp.Pci.Acpi;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// Intel VT-d (specification 5.1): each message names an entry of a table, and the entry says which source may use it. Source-id checking is
/// what isolates; <c>intremap=nosid</c> turns it off, and the kernel goes on calling the result isolated. So it does where a unit cannot be kept from
/// letting messages pass that name no entry, but then it warns.
/// </summary>
internal sealed class IntelVtdPlatform : X86Platform
{
    private const ulong InterruptRemappingSupport = 1 << 3; // ECAP_REG.IR, specification 11.4.3

    public override string Name => "Intel VT-d";

    protected override IommuUnitKind UnitKind => IommuUnitKind.IntelVtd;

    protected override string EnabledLine => "DMAR-IR: Enabled IRQ remapping";

    // Not every failure is one: "Failed to copy IR table" (kdump) and "Failed to setup IRQ" (posted mode) leave remapping on.
    protected override ImmutableArray<string> DisabledLines =>
    [
        "DMAR-IR: Not enabling interrupt remapping", "DMAR-IR: Failed to enable", "DMAR-IR: Failed to setup irq remapping", "DMAR-IR: This system BIOS",
    ];

    protected override string Advice =>
        "enable VT-d with interrupt remapping in the firmware and boot with intel_iommu=on, without intremap=off or intremap=nosid";

    protected override (bool? Claimed, ImmutableArray<IsolationFinding> Findings) ExamineClaims(HostEvidence host, FunctionEvidence function)
    {
        ImmutableArray<IsolationFinding>.Builder findings = ImmutableArray.CreateBuilder<IsolationFinding>();
        IommuUnitEvidence? unit = UnitOf(host, function) ?? host.IommuUnits.Values.FirstOrDefault(u => u.Kind == IommuUnitKind.IntelVtd);
        bool? byUnit = null;
        if (unit?.ExtendedCapability is { } ecap)
        {
            byUnit = (ecap & InterruptRemappingSupport) != 0;
            findings.Add(new($"sys/class/iommu/{unit.Name}/intel-iommu/ecap", $"{unit.Name} says that it {Claim(byUnit.Value, "bit 3")}"));
        }

        bool? byFirmware = null;
        if (host.Firmware.DmarTable is { } table)
        {
            byFirmware = table.SupportsInterruptRemapping;
            findings.Add(new("sys/firmware/acpi/tables/DMAR", $"the firmware says that the platform {Claim(byFirmware.Value, "flags bit 0")}"));
            findings.AddRange(table.Findings.Select(text => new IsolationFinding("sys/firmware/acpi/tables/DMAR", text)));
        }

        findings.AddRange(ToldNotToRemap(host));

        if (host.Log.Find("DMAR: IOMMU disabled") is { } disabled)
        {
            findings.Add(new("kernel log", $"{disabled}: DMA is not translated, whatever is done to messages"));
        }

        return (byUnit is null && byFirmware is null ? null : byUnit != false && byFirmware != false, findings.ToImmutable());
    }

    private static string Claim(bool able, string where) =>
        able ? $"can remap interrupts ({where}); that tells nothing of use" : $"cannot remap interrupts ({where})";

    protected override MessageFilter ExamineStrength(HostEvidence host, MessageFilter filter)
    {
        const string Source = "proc/cmdline";

        // As setup_irqremap() reads it (drivers/iommu/irq_remapping.c): once said, never unsaid.
        if (host.CommandLine.Words("intremap").Any(word => word.StartsWith("nosid", StringComparison.Ordinal)))
        {
            return filter.Refute(Source,
                "intremap=nosid turns source-id checking off: a function can use another's entry of the remapping table. The kernel accepts this without a word; it is weaker than isolation");
        }

        filter = ExamineCompatibilityFormat(host, filter);
        return host.CommandLine.IsKnown ? filter
            : filter.With(Source, "the kernel's command line cannot be read, so intremap=nosid, which nothing else shows, is supposed not to be there");
    }

    // iommu_enable_irq_remapping(), drivers/iommu/intel/irq_remapping.c, warns where GSTS_REG.CFIS stays set. In extended mode, which the kernel calls x2apic
    // mode, it does not matter: messages in the compatibility format are blocked all the same (specification 5.1.4).
    private static MessageFilter ExamineCompatibilityFormat(HostEvidence host, MessageFilter filter)
    {
        const string Source = "kernel log";
        return host.Log.Find("Compatibility-format IRQs enabled") is not { } warning ? filter
            : host.Log.Find("Enabled IRQ remapping in x2apic mode") is { } mode ? filter.With(Source, $"{warning} does not matter here ({mode}): extended mode blocks them all the same")
            : filter.Refute(Source,
                $"{warning} a function can send any interrupt by a message that names no entry of the remapping table. The kernel warns and goes on calling this isolated");
    }

    protected override RootBusGuarantee ExamineCoverage(HostEvidence host, ImmutableArray<Requester> requesters)
    {
        const string Source = "sys/firmware/acpi/tables/DMAR";
        if (host.Firmware.DmarTable is not { } table)
        {
            return RootBusGuarantee.Given(Source, host.Firmware.Dmar.State == HostFileState.Denied
                ? "which remapping unit covers which function may not be read without privilege; Linux remaps under all units or none"
                : "not there to say which remapping unit covers which function; Linux remaps under all units or none");
        }

        BridgeBuses? BusesBelow(PciAddress at) => host.FunctionAt(at)?.Configuration is { HeaderType: HeaderType.Bridge } space
            ? new BridgeBuses(space.SecondaryBus, space.SubordinateBus) : null;

        foreach (Requester requester in requesters)
        {
            // A virtual function is looked up by its physical function (dmar_find_matched_drhd_unit(), drivers/iommu/intel).
            PciAddress address = requester.Function.PhysicalFunction ?? requester.Function.Address;
            if (table.UnitFor(address, BusesBelow) is null)
            {
                return RootBusGuarantee.Withheld(Source, $"no remapping unit covers {requester.Function.Address}");
            }
        }

        return RootBusGuarantee.Given(Source, "remapping units cover every function below this host bridge");
    }
}
