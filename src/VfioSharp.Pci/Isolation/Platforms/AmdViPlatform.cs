using System.Collections.Immutable;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>
/// AMD-Vi (AMD I/O Virtualization Technology specification 2.2.5): the device table entry of each requester ID points to that requester's own
/// interrupt table, so a message can name none but its own entries. No capability bit tells use from ability.
/// </summary>
internal sealed class AmdViPlatform : X86Platform
{
    public override string Name => "AMD-Vi";

    protected override IommuUnitKind UnitKind => IommuUnitKind.AmdVi;

    protected override string EnabledLine => "AMD-Vi: Interrupt remapping enabled";

    protected override ImmutableArray<string> DisabledLines => ["AMD-Vi: Disabling interrupt remapping"];

    protected override string Advice =>
        "enable the IOMMU in the firmware and boot without amd_iommu=off and intremap=off; where the log says that a southbridge IOAPIC is missing, the firmware's IVRS table is at fault (see ivrs_ioapic=)";

    protected override (bool? Claimed, ImmutableArray<IsolationFinding> Findings) ExamineClaims(HostEvidence host, FunctionEvidence function)
    {
        ImmutableArray<IsolationFinding>.Builder findings = ImmutableArray.CreateBuilder<IsolationFinding>();
        bool? claimed = null;
        if (host.Firmware.IvrsTable is { } table)
        {
            claimed = table.DescribesIoApics ? true : table.IsComplete ? false : null;
            if (claimed is { } describes)
            {
                findings.Add(new("sys/firmware/acpi/tables/IVRS", describes
                    ? "the firmware describes an IO-APIC behind the IOMMU, as Linux demands before it remaps interrupts; that tells nothing of use"
                    : "the firmware describes no IO-APIC behind the IOMMU: Linux then refuses to remap interrupts"));
            }

            findings.AddRange(table.Findings.Select(text => new IsolationFinding("sys/firmware/acpi/tables/IVRS", text)));
        }

        findings.AddRange(ToldNotToRemap(host));

        if (host.Log.Find("No southbridge IOAPIC") is { } line)
        {
            findings.Add(new("kernel log", line));
        }

        return (claimed, findings.ToImmutable());
    }

    protected override RootBusGuarantee ExamineCoverage(HostEvidence host, ImmutableArray<Requester> requesters)
    {
        const string Source = "sys/firmware/acpi/tables/IVRS";
        if (host.Firmware.IvrsTable is not { } table)
        {
            return RootBusGuarantee.Given(Source, host.Firmware.Ivrs.State == HostFileState.Denied
                ? "which IOMMU covers which function may not be read without privilege; Linux remaps under all units or none"
                : "not there to say which IOMMU covers which function; Linux remaps under all units or none");
        }

        foreach (Requester requester in requesters)
        {
            // The IOMMU is a function too, and sends its own messages past itself.
            bool isIommu = IommuUnitEvidence.IsIommu(requester.Function);
            PciAddress address = requester.Function.PhysicalFunction ?? requester.Function.Address;
            if (!isIommu && table.UnitFor(address) is null && !requester.Ids.Any(id => table.UnitFor(new PciAddress(address.Segment, id)) is not null))
            {
                return RootBusGuarantee.Withheld(Source, $"no IOMMU covers {requester.Function.Address}");
            }
        }

        return RootBusGuarantee.Given(Source, "IOMMUs cover every function below this host bridge");
    }
}
