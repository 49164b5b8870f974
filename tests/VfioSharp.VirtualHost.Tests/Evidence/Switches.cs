using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Tests.Evidence;

/// <summary>Every platform with every setting of the switches that it has.</summary>
internal static class Switches
{
    public static VirtualHostOptions[] All { get; } =
    [
        .. Bases().SelectMany(options => (VirtualHostOptions[])[options, options with { AllowsUnsafeInterrupts = true }]),
    ];

    /// <summary>Whether groups have interrupt files of their own, which no kernel does and nothing shows.</summary>
    public static bool IsBeyondKernels(VirtualHostOptions options) => options.InterruptFiles != ImsicFiles.Shared;

    /// <summary>What of a number of hosts for each platform falls to one setting of it.</summary>
    public static int ShareOf(int hosts, VirtualHostOptions options) => 1 + (hosts / All.Count(other => other.Bridge == options.Bridge));

    private static IEnumerable<VirtualHostOptions> Bases()
    {
        foreach (HostBridgeKind kind in Enum.GetValues<HostBridgeKind>())
        {
            var plain = new VirtualHostOptions { Bridge = kind, Processors = 4 };
            yield return plain;
            switch (kind)
            {
                case HostBridgeKind.Vtd:
                    for (int bits = 1; bits < 8; bits++)
                    {
                        yield return plain with { AdvertisedOnly = (bits & 1) != 0, ChecksSources = (bits & 2) == 0, AllowsCompatibilityFormat = (bits & 4) != 0 };
                    }

                    break;
                case HostBridgeKind.AmdVi:
                    yield return plain with { AdvertisedOnly = true };
                    break;
                case HostBridgeKind.Its or HostBridgeKind.V2m:
                    yield return plain with { HasIommu = false };
                    break;
                case HostBridgeKind.Imsic:
                    yield return plain with { InterruptFiles = ImsicFiles.Own };
                    yield return plain with { InterruptFiles = ImsicFiles.Mrif };
                    break;
                default:
                    break;
            }
        }
    }
}
