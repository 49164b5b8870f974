using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>What the commands of a controller share.</summary>
internal sealed class ControllerState
{
    /// <summary>The largest memory page that it can be set to, in bytes.</summary>
    public const long MaxPageSize = 65536;

    /// <summary>Of I/O queues, in entries.</summary>
    public const int MaxQueueEntries = 4096;

    /// <summary>The longest transfer, as a power of two of 4096 bytes: 1 MiB.</summary>
    public const int MaxTransferShift = 8;

    /// <summary>The longest transfer in bytes.</summary>
    public const int MaxTransfer = 4096 << MaxTransferShift;

    /// <summary>NVM Express 1.4.</summary>
    public const uint Version = 0x0001_0400;

    public ControllerState(NvmeControllerOptions options, ActiveNamespaces namespaces, InterruptThrottle throttle, ControllerCounters counters)
    {
        Options = options;
        Namespaces = namespaces;
        Counters = counters;
        Throttle = throttle;
        Features = new FeatureStore(this);
    }

    /// <summary>What it was made of.</summary>
    public NvmeControllerOptions Options { get; }

    /// <summary>Its namespaces.</summary>
    public ActiveNamespaces Namespaces { get; }

    /// <summary>Counts what is done.</summary>
    public ControllerCounters Counters { get; }

    /// <summary>When interrupts are sent.</summary>
    public InterruptThrottle Throttle { get; }

    /// <summary>What Set Features has set.</summary>
    public FeatureStore Features { get; }

    /// <summary>Asynchronous events.</summary>
    public AsyncEventQueue Events { get; } = new();

    /// <summary>Commands that failed.</summary>
    public ErrorHistory Errors { get; } = new();

    /// <summary>Whether the driver is still heard of.</summary>
    public KeepAliveTimer KeepAlive { get; } = new();

    /// <summary>When it was made.</summary>
    public long Started { get; } = Environment.TickCount64;

    /// <summary>How it was enabled.</summary>
    public ControllerConfiguration Configuration { get; set; }

    /// <summary>The memory page in bytes.</summary>
    public int PageSize => (int)Configuration.PageSize;

    /// <summary>All that does not outlast a reset.</summary>
    public void Reset()
    {
        Features.Reset();
        Events.Reset();
        KeepAlive.Set(0);
        Throttle.Reset();
    }
}
