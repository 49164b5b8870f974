using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Planning;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>What differs from platform to platform: the interrupt hardware, how functions are grouped, and what the kernel asks before it attaches.</summary>
internal abstract class HostPlatform
{
    /// <summary>How functions are grouped.</summary>
    public abstract GroupRule GroupRule { get; }

    /// <summary>Whether an IOMMU translates the functions' DMA.</summary>
    public bool TranslatesDma => GroupRule != GroupRule.None;

    /// <summary>
    /// Whether the kernel takes groups for isolated, by its own question (<c>iommu_group_has_isolated_msi()</c>), which is not always the truth; null where
    /// it never asks.
    /// </summary>
    public abstract bool? KernelTakesForIsolated { get; }

    /// <summary>The addresses that an attached function can use for DMA: not those that the platform takes for messages.</summary>
    public virtual ImmutableArray<IovaRange> DmaRanges =>
        [new(new Iova(0), new Iova(0xFEDF_FFFF)), new(new Iova(0xFEF0_0000), new Iova(0xFFFF_FFFF_FFFF))];

    /// <summary>Checks what the platform cannot have in a plan that is a plan.</summary>
    /// <exception cref="ArgumentException">It breaks a rule; the message names the place and the rule.</exception>
    public virtual void CheckPlan(HostPlan plan)
    {
    }

    /// <summary>Makes the interrupt hardware of a host bridge, and programs it as the kernel does when it starts.</summary>
    /// <param name="memory">Where tables lie.</param>
    /// <param name="segment">The host bridge's segment.</param>
    /// <param name="rootBus">Its root bus.</param>
    public abstract MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus);

    /// <summary>The platform that options ask for.</summary>
    /// <param name="options">What to be.</param>
    /// <param name="functions">How many functions there is to be room for, later ones among them.</param>
    /// <exception cref="ArgumentException">An option means nothing on it, or is out of its range.</exception>
    public static HostPlatform Create(VirtualHostOptions options, int functions)
    {
        Check(options);
        return options.Bridge switch
        {
            HostBridgeKind.None or HostBridgeKind.Vtd or HostBridgeKind.AmdVi => new X86HostPlatform(options, functions),
            HostBridgeKind.Ioda or HostBridgeKind.Ioda2 => new PowerHostPlatform(options),
            HostBridgeKind.Its or HostBridgeKind.V2m => new ArmHostPlatform(options),
            HostBridgeKind.S390 => new S390HostPlatform(functions),
            HostBridgeKind.Imsic => new RiscVHostPlatform(options, functions),
            _ => throw new ArgumentException($"{options.Bridge} is no platform", nameof(options)),
        };
    }

    private static void Check(VirtualHostOptions options)
    {
        if (options.Processors is < 1 or > 254)
        {
            throw new ArgumentException($"a host has 1 to 254 processors, not {options.Processors}", nameof(options));
        }

        if (options.AdvertisedOnly && options.Bridge is not (HostBridgeKind.Vtd or HostBridgeKind.AmdVi))
        {
            throw new ArgumentException($"{options.Bridge} does not remap interrupts, so nothing is advertised only", nameof(options));
        }

        if (options.Bridge != HostBridgeKind.Vtd && (!options.ChecksSources || options.AllowsCompatibilityFormat))
        {
            throw new ArgumentException($"source checks and the compatibility format are VT-d's, not {options.Bridge}'s", nameof(options));
        }

        if (!options.HasIommu && options.Bridge is not (HostBridgeKind.Its or HostBridgeKind.V2m))
        {
            throw new ArgumentException($"only arm64 is there without its IOMMU, not {options.Bridge}; for x86 that is {HostBridgeKind.None}", nameof(options));
        }

        if (options.Bridge != HostBridgeKind.Imsic && options.InterruptFiles != ImsicFiles.Shared)
        {
            throw new ArgumentException($"interrupt files are RISC-V's, not {options.Bridge}'s", nameof(options));
        }
    }
}
