using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices;

/// <summary>What a driver is to see of an emulated function in its own process, beside the function.</summary>
public sealed record LoopbackOptions
{
    /// <summary>How messages name it.</summary>
    public string Name { get; init; } = "loopback";

    /// <summary>The address to show; none by default.</summary>
    public PciAddress? Address { get; init; }

    /// <summary>
    /// The verdict to show. Isolated by default, and that is the truth: nothing that is written to the table is ever used to signal. Another one
    /// shows what a driver meets on other hosts.
    /// </summary>
    public IsolationVerdict Isolation { get; init; } = IsolationVerdict.Isolated;

    /// <summary>What the driver wants of the page that holds the MSI-X table.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>The addresses that the function can use for DMA, ascending and apart; by default all up to 48 bits but the first MiB and x86's
    /// interrupt window, which a host has reserved as a rule.</summary>
    public ImmutableArray<IovaRange> DmaRanges { get; init; } =
    [
        new IovaRange(new Iova(0x10_0000), new Iova(0xFEDF_FFFF)), new IovaRange(new Iova(0xFEF0_0000), new Iova(0xFFFF_FFFF_FFFF)),
    ];

    /// <summary>The loop that delivers its interrupts; <see cref="EventLoop.Shared"/> by default.</summary>
    public EventLoop? Events { get; init; }
}
