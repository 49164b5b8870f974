using System.Collections.Immutable;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Models;

/// <summary>All platforms with all their switches, by names that say whether they isolate.</summary>
internal static class KnownHosts
{
    public static ImmutableDictionary<string, VirtualHostOptions> Isolating { get; } = new Dictionary<string, VirtualHostOptions>
    {
        ["VT-d"] = Of(HostBridgeKind.Vtd),
        ["AMD-Vi"] = Of(HostBridgeKind.AmdVi),
        ["IODA2"] = Of(HostBridgeKind.Ioda2),
        ["IODA3"] = Of(HostBridgeKind.Ioda),
        ["ITS"] = Of(HostBridgeKind.Its),
        ["s390x"] = Of(HostBridgeKind.S390),
        ["IMSIC, a file each"] = Of(HostBridgeKind.Imsic) with { InterruptFiles = ImsicFiles.Own },
        ["IMSIC, a resident file each"] = Of(HostBridgeKind.Imsic) with { InterruptFiles = ImsicFiles.Mrif },
    }.ToImmutableDictionary();

    public static ImmutableDictionary<string, VirtualHostOptions> Open { get; } = new Dictionary<string, VirtualHostOptions>
    {
        ["no IOMMU"] = Of(HostBridgeKind.None),
        ["VT-d, advertised only"] = Of(HostBridgeKind.Vtd) with { AdvertisedOnly = true },
        ["VT-d, nosid"] = Of(HostBridgeKind.Vtd) with { ChecksSources = false },
        ["VT-d, compatibility format"] = Of(HostBridgeKind.Vtd) with { AllowsCompatibilityFormat = true },
        ["AMD-Vi, advertised only"] = Of(HostBridgeKind.AmdVi) with { AdvertisedOnly = true },
        ["GICv2m"] = Of(HostBridgeKind.V2m),
        ["ITS without SMMU"] = Of(HostBridgeKind.Its) with { HasIommu = false },
        ["GICv2m without SMMU"] = Of(HostBridgeKind.V2m) with { HasIommu = false },
        ["IMSIC, shared files"] = Of(HostBridgeKind.Imsic),
    }.ToImmutableDictionary();

    public static ImmutableDictionary<string, VirtualHostOptions> All { get; } = Isolating.AddRange(Open);

    private static VirtualHostOptions Of(HostBridgeKind kind) => new() { Bridge = kind, Processors = 4 };
}
