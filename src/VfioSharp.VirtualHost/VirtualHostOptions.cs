using VfioSharp.VirtualHost.Units.RiscV;
using VfioSharp.VirtualHost.Vfio;

namespace VfioSharp.VirtualHost;

/// <summary>What platform a virtual host is, and how its kernel was booted.</summary>
public sealed record VirtualHostOptions
{
    /// <summary>The platform.</summary>
    public required HostBridgeKind Bridge { get; init; }

    /// <summary>
    /// Whether interrupt remapping is there but not in use (<c>intremap=off</c>). Of meaning to VT-d and AMD-Vi; no other platform has a switch for it.
    /// </summary>
    public bool AdvertisedOnly { get; init; }

    /// <summary>Whether remapping table entries are tied to their sources; <c>intremap=nosid</c> says not to. VT-d alone has the choice.</summary>
    public bool ChecksSources { get; init; } = true;

    /// <summary>Whether VT-d lets messages pass that name no entry (the kernel warns of it and goes on).</summary>
    public bool AllowsCompatibilityFormat { get; init; }

    /// <summary>How groups use interrupt files. Of meaning to <see cref="HostBridgeKind.Imsic"/> alone.</summary>
    public ImsicFiles InterruptFiles { get; init; }

    /// <summary>Whether there is an SMMU. Of meaning to arm64 alone, where messages are filtered without one, and DMA is not.</summary>
    public bool HasIommu { get; init; } = true;

    /// <summary>Whether vfio-pci attaches groups that are not isolated (<c>allow_unsafe_interrupts=1</c>).</summary>
    public bool AllowsUnsafeInterrupts { get; init; }

    /// <summary>How vfio-pci tells what can be mapped.</summary>
    public VfioDialect Dialect { get; init; } = VfioDialect.MsixMappable;

    /// <summary>How many processors there are, 1 to 254.</summary>
    public int Processors { get; init; } = 64;

    /// <summary>What would isolate the MSIs of such a host, as what to do; null where they are isolated.</summary>
    internal string? Advice => Bridge switch
    {
        HostBridgeKind.None => "give the host an IOMMU",
        HostBridgeKind.Vtd or HostBridgeKind.AmdVi when AdvertisedOnly => "boot without intremap=off",
        HostBridgeKind.Vtd when !ChecksSources => "boot without intremap=nosid",
        HostBridgeKind.Vtd when AllowsCompatibilityFormat => "have the kernel block the compatibility format (CFIS 0)",
        HostBridgeKind.Its or HostBridgeKind.V2m when !HasIommu => "give the host an SMMU",
        HostBridgeKind.V2m => "give the host a GICv3 ITS",
        HostBridgeKind.Imsic when InterruptFiles == ImsicFiles.Shared => "give each group an interrupt file of its own",
        _ => null,
    };
}
