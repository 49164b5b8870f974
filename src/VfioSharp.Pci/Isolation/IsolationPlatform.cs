using System.Collections.Immutable;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation.Platforms;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Pci.Isolation;

/// <summary>
/// One platform's knowledge of how messages reach its processors: it judges a function by the function's own evidence, and a host bridge by
/// the host bridge's and the interrupt controller's, apart, so that the two can disagree. docs/platforms/ has a page for each.
/// </summary>
internal abstract class IsolationPlatform
{
    private static readonly IntelVtdPlatform IntelVtd = new();
    private static readonly AmdViPlatform AmdVi = new();
    private static readonly X86DirectPlatform X86Direct = new();
    private static readonly VirtioIommuPlatform VirtioIommu = new();
    private static readonly ArmGicPlatform ArmGic = new();
    private static readonly PowerNvPlatform PowerNv = new();
    private static readonly PSeriesPlatform PSeries = new();
    private static readonly S390Platform S390 = new();
    private static readonly RiscVImsicPlatform RiscVImsic = new();
    private static readonly UnknownPlatform Unknown = new();

    /// <summary>The platform's name as its users know it.</summary>
    public abstract string Name { get; }

    /// <summary>What happens to the messages of a function, by the function's own evidence.</summary>
    public abstract MessageFilter ExamineFunction(HostEvidence host, Requester function);

    /// <summary>Whether the messages of every requester below a host bridge are confined, by the bridge's and the controller's evidence.</summary>
    public abstract RootBusGuarantee ExamineHostBridge(HostEvidence host, HostBridgeEvidence bridge, ImmutableArray<Requester> requesters);

    /// <summary>
    /// What the kernel's consent adds to what was found out: it attached the function's group while the override was off. Nothing, unless the platform knows
    /// better: on Power the kernel never asks, and elsewhere its answer may not speak of what matters.
    /// </summary>
    public virtual MessageFilter AcceptAttach(HostEvidence host, MessageFilter filter) => filter;

    /// <summary>The platform that a function's IOMMU belongs to, or, where it has none, the one that its host is.</summary>
    public static IsolationPlatform OfFunction(HostEvidence host, FunctionEvidence function) =>
        UnitOf(host, function)?.Kind switch
        {
            IommuUnitKind.IntelVtd => IntelVtd,
            IommuUnitKind.AmdVi => AmdVi,
            IommuUnitKind.Virtio => VirtioIommu,
            IommuUnitKind.ArmSmmu => ArmGic,
            IommuUnitKind.SpaprTce => OfPower(host),
            IommuUnitKind.S390 => S390,
            IommuUnitKind.RiscV => RiscVImsic,
            _ => OfHost(host),
        };

    /// <summary>The IOMMU that translates for a function, or null.</summary>
    public static IommuUnitEvidence? UnitOf(HostEvidence host, FunctionEvidence function) =>
        function.IommuUnit is { } name ? host.IommuUnits.GetValueOrDefault(name) ?? new IommuUnitEvidence { Name = name, Kind = IommuUnitEvidence.KindOf(name, host.Functions) } : null;

    /// <summary>The platform that filters messages on a host whatever translates DMA: what its host bridges signal through, and what a paravirtual IOMMU leans on.</summary>
    public static IsolationPlatform OfHost(HostEvidence host) => host.Family switch
    {
        ArchitectureFamily.X86 => OfX86(host),
        ArchitectureFamily.Arm64 => ArmGic,
        ArchitectureFamily.Power => OfPower(host),
        ArchitectureFamily.S390 => S390,
        ArchitectureFamily.RiscV => RiscVImsic,
        _ => Unknown,
    };

    private static IsolationPlatform OfPower(HostEvidence host) => PowerPlatform.IsBareMetal(host) ? PowerNv : PSeries;

    private static IsolationPlatform OfX86(HostEvidence host)
    {
        bool Has(IommuUnitKind kind) => host.IommuUnits.Values.Any(unit => unit.Kind == kind);

        // A table that may not be read is there all the same.
        bool intel = Has(IommuUnitKind.IntelVtd) || host.Firmware.Dmar.State != HostFileState.Absent || host.Log.Find("DMAR-IR:") is not null;
        bool amd = Has(IommuUnitKind.AmdVi) || host.Firmware.Ivrs.State != HostFileState.Absent;
        return amd && !Has(IommuUnitKind.IntelVtd) ? AmdVi : intel ? IntelVtd : X86Direct;
    }
}
