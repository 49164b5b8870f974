using System.Collections.Immutable;

namespace VfioSharp.Nvme.Controller;

/// <summary>What an <see cref="NvmeController"/> is made of. Checked, whole, when it is made.</summary>
public sealed record NvmeControllerOptions
{
    /// <summary>How many I/O queues a controller can have.</summary>
    public const int MaxIoQueues = 128;

    /// <summary>Its namespaces, 1 to 1024; the first is namespace 1. The controller uses them, whoever made them disposes them.</summary>
    public required ImmutableArray<NvmeNamespace> Namespaces { get; init; }

    /// <summary>Serial number, up to 20 characters of ASCII. Names that must be the only ones of their kind are made of it.</summary>
    public string SerialNumber { get; init; } = "VFIOSHARP0001";

    /// <summary>Model number, up to 40 characters of ASCII.</summary>
    public string ModelNumber { get; init; } = "VfioSharp NVMe controller";

    /// <summary>Firmware revision, up to 8 characters of ASCII.</summary>
    public string FirmwareRevision { get; init; } = "1.0";

    /// <summary>How many I/O submission queues, and as many completion queues, 1 to 128. There is an interrupt vector for each and one for the admin queue.</summary>
    public int IoQueues { get; init; } = 16;

    /// <summary>Where the MSI-X table is.</summary>
    public MsixTableLocation MsixTable { get; init; } = MsixTableLocation.Shared;

    /// <summary>Whether doorbells are memory, or registers.</summary>
    public NvmeDoorbells Doorbells { get; init; } = NvmeDoorbells.Mapped;

    /// <summary>What it does while there is nothing to do.</summary>
    public NvmePolling Polling { get; init; } = NvmePolling.Adaptive;

    /// <summary>How long it sleeps between two looks at mapped doorbells once nothing has come for a while: 1 ms to 1 s, in whole milliseconds.</summary>
    public TimeSpan IdleInterval { get; init; } = TimeSpan.FromMilliseconds(1);
}
