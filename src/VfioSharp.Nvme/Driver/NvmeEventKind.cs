namespace VfioSharp.Nvme.Driver;

/// <summary>What a driver reports beside the results of commands.</summary>
public enum NvmeEventKind
{
    /// <summary>An asynchronous event of the controller's (NVM Express Base 2.0, 5.2).</summary>
    AsyncEvent,

    /// <summary>Namespaces came, went or changed; <see cref="NvmeDriver.Namespaces"/> shows them.</summary>
    NamespacesChanged,

    /// <summary>A command took too long, and Abort was sent for it.</summary>
    CommandTimedOut,

    /// <summary>A completion was there without its interrupt.</summary>
    InterruptLost,

    /// <summary>The controller was reset and works again; what was under way ended as <see cref="NvmeStatus.AbortedByHost"/>.</summary>
    ControllerReset,

    /// <summary>The controller failed, or did what no controller may. It was stopped; <see cref="NvmeDriver.ResetAsync"/> tries again.</summary>
    ControllerFailed,

    /// <summary>The function is gone; what was under way ended as <see cref="NvmeStatus.HostPathingError"/>.</summary>
    ControllerLost,
}
