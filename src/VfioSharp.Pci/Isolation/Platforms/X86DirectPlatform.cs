using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation.Platforms;

/// <summary>x86 without a remapping unit that anything mentions: messages reach the processors as they are written.</summary>
internal sealed class X86DirectPlatform : X86Platform
{
    public override string Name => "no IOMMU";

    protected override IommuUnitKind UnitKind => IommuUnitKind.IntelVtd;

    protected override string EnabledLine => "nterrupt remapping enabled";

    protected override ImmutableArray<string> DisabledLines => [];

    protected override string Advice => "enable the IOMMU (VT-d or AMD-Vi) in the firmware, or give the virtual machine one that remaps interrupts, and boot with intel_iommu=on on Intel";

    protected override (bool? Claimed, ImmutableArray<IsolationFinding> Findings) ExamineClaims(HostEvidence host, FunctionEvidence function) =>
        host.Firmware.IsPresent ? (false, [new("sys/firmware/acpi/tables", "the firmware describes no VT-d or AMD-Vi unit (neither DMAR nor IVRS)")]) : (null, []);

    protected override RootBusGuarantee ExamineCoverage(HostEvidence host, ImmutableArray<Requester> requesters) =>
        RootBusGuarantee.Withheld("sys/firmware/acpi/tables", "the firmware names no remapping unit");
}
