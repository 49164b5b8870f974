using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VirtualHost.Vfio;

/// <summary>How a driver opens a function of a virtual host.</summary>
public sealed record OpenOptions
{
    /// <summary>What the driver wants of the page that holds the MSI-X table.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>Whether an empty list of capabilities is read as the patch series of 2017 meant it: that the table's page can be mapped.</summary>
    public bool ReadsPatchSeries { get; init; }

    /// <summary>The loop that delivers its interrupts; <see cref="EventLoop.Shared"/> by default.</summary>
    public EventLoop? Events { get; init; }
}
