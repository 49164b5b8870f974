using System.Collections.Immutable;
using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Devices.Seam;

/// <summary>What a backend knows of a function when it is opened; it does not change afterwards.</summary>
internal sealed record FunctionShape
{
    /// <summary>How messages name the function: its address, or its socket's path.</summary>
    public required string Name { get; init; }

    /// <summary>Its address on the host; null where it has none.</summary>
    public PciAddress? Address { get; init; }

    /// <summary>Its regions by <see cref="RegionIndex"/>; what is missing at the end is absent.</summary>
    public required ImmutableArray<RegionShape> Regions { get; init; }

    /// <summary>Its ways of interrupting by <see cref="InterruptKind"/>; what is missing at the end is absent.</summary>
    public required ImmutableArray<InterruptShape> Interrupts { get; init; }

    /// <summary>What it can address.</summary>
    public required DmaLimits Dma { get; init; }

    /// <summary>Whether its group's MSIs are isolated.</summary>
    public required IsolationVerdict Isolation { get; init; }

    /// <summary>What an operator could do to get isolation; null where nobody knows.</summary>
    public string? IsolationAdvice { get; init; }

    /// <summary>What the caller wants of the page that holds the MSI-X table.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>The granule of mappings in bytes.</summary>
    public uint PageSize { get; init; } = (uint)Environment.SystemPageSize;

    /// <summary>Whether the function can be reset by itself.</summary>
    public bool CanReset { get; init; }

    /// <summary>Which loop delivers its interrupts.</summary>
    public required EventLoop Events { get; init; }

    public RegionShape Region(int index) => index < Regions.Length ? Regions[index] : RegionShape.Absent;

    public InterruptShape Interrupt(InterruptKind kind) => (int)kind < Interrupts.Length ? Interrupts[(int)kind] : default;
}
