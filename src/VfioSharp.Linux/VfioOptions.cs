using VfioSharp.Devices.Interrupts;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Linux;

/// <summary>How a function is opened through VFIO.</summary>
public sealed record VfioOptions
{
    /// <summary>Which of the kernel's ways is used; by default what the host offers.</summary>
    public VfioBackend Backend { get; init; }

    /// <summary>What is done with the page that holds the MSI-X table; by default it is mapped only where MSIs are isolated.</summary>
    public MsixTableRule TableRule { get; init; } = MsixTableRule.RequireIsolation;

    /// <summary>Which loop delivers the function's interrupts; null for the one that all share.</summary>
    public EventLoop? EventLoop { get; init; }

    /// <summary>
    /// The secret that the user of a physical function on vfio-pci shares with the users of its virtual functions: opening the physical function sets it,
    /// opening a virtual one shows it, by way of its group (<see cref="VfioBackend.Auto"/> takes that way). Null where the physical function belongs to its own driver.
    /// </summary>
    public Guid? VfToken { get; init; }

    /// <summary>
    /// Reads an empty list of capabilities as leave to map the MSI-X table's page, as a kernel with the patch series of 2017 means it (docs/history.md). No
    /// released kernel does.
    /// </summary>
    public bool ReadsEmptyCapabilitiesAsMappable { get; init; }

    /// <summary>The host's evidence where it has been read already; null to read it, as it stands when the function is opened.</summary>
    public HostEvidence? Host { get; init; }
}
