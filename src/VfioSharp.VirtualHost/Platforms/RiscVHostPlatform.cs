using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.VirtualHost.Interrupts;
using VfioSharp.VirtualHost.Memory;
using VfioSharp.VirtualHost.Topology;
using VfioSharp.VirtualHost.Units.RiscV;

namespace VfioSharp.VirtualHost.Platforms;

/// <summary>RISC-V with an IOMMU and interrupt files.</summary>
/// <param name="options">How groups use the files.</param>
/// <param name="functions">How many functions there is to be room for.</param>
internal sealed class RiscVHostPlatform(VirtualHostOptions options, int functions) : HostPlatform
{
    private const int GuestFiles = 63;
    private const int SparePages = 8;

    private readonly ImsicLayout layout = new(options.Processors, GuestFiles);
    private ImsicSupply? supply;

    /// <inheritdoc/>
    public override GroupRule GroupRule => GroupRule.Pci;

    /// <inheritdoc/>
    /// <remarks>Linux has shared files alone, and does not take them for isolated; a kernel that gives groups files of their own would say so.</remarks>
    public override bool? KernelTakesForIsolated => options.InterruptFiles != ImsicFiles.Shared;

    /// <inheritdoc/>
    /// <remarks>48 bits, but for the files' pages.</remarks>
    public override ImmutableArray<IovaRange> DmaRanges =>
    [
        new(new Iova(0), new Iova(ImsicLayout.Base - 1)),
        new(new Iova(ImsicLayout.Base + ((ulong)layout.Pages << ImsicLayout.PageShift)), new Iova(0xFFFF_FFFF_FFFF)),
    ];

    /// <inheritdoc/>
    public override MsiDomain CreateDomain(HostMemory memory, uint segment, byte rootBus) =>
        new ImsicDomain(new ImsicUnit(memory, layout, (2 * functions) + SparePages), supply ??= new ImsicSupply(layout), options.InterruptFiles);
}
