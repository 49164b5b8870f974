namespace VfioSharp.Nvme.Controller;

/// <summary>How a command ended.</summary>
/// <param name="Status">Its status.</param>
/// <param name="Dword0">What it says beside.</param>
internal readonly record struct CommandResult(NvmeStatus Status, uint Dword0 = 0)
{
    /// <summary>It has not ended: its completion comes later, if at all.</summary>
    public static CommandResult Pending { get; } = new((NvmeStatus)(-1));

    /// <summary>Whether its completion comes later.</summary>
    public bool IsPending => Status < 0;

    /// <summary>Whether it failed, for what is known now.</summary>
    public bool IsError => Status > 0;

    /// <summary>Whether the same command would fail again (NVM Express Base 2.0, 4.6.2): all but what depends on the moment.</summary>
    public bool DoNotRetry => IsError && Status is not (NvmeStatus.DataTransferError or NvmeStatus.InternalError or NvmeStatus.AbortRequested
        or NvmeStatus.AbortedByQueueDeletion or NvmeStatus.NamespaceNotReady or NvmeStatus.WriteFault or NvmeStatus.UnrecoveredReadError);

    /// <summary>A command that says nothing but how it ended.</summary>
    public static implicit operator CommandResult(NvmeStatus status) => new(status);
}
