namespace VfioSharp.Nvme.Driver;

/// <summary>Whether a queue takes commands.</summary>
internal enum QueueState
{
    /// <summary>It does.</summary>
    Running,

    /// <summary>Not now: the controller is being reset.</summary>
    Held,

    /// <summary>No: the controller failed.</summary>
    Failed,

    /// <summary>Never again: the function is gone.</summary>
    Lost,

    /// <summary>Never again: it is being deleted; what ends meanwhile is taken.</summary>
    Closing,

    /// <summary>Never again: it was disposed.</summary>
    Closed,
}
