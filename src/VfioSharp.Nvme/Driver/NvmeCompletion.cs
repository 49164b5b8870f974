namespace VfioSharp.Nvme.Driver;

/// <summary>How a command of a batch ended.</summary>
/// <param name="Tag">What the caller gave with it.</param>
/// <param name="Status">
/// As the controller says; <see cref="NvmeStatus.AbortedByHost"/> where the driver had to reset the controller, and
/// <see cref="NvmeStatus.HostPathingError"/> where the controller is gone: in both it is not known whether the command was carried out.
/// </param>
/// <param name="DoNotRetry">Whether the controller says that the same command would fail again.</param>
public readonly record struct NvmeCompletion(ulong Tag, NvmeStatus Status, bool DoNotRetry)
{
    /// <summary>Whether it did what it was asked to.</summary>
    public bool IsSuccess => Status == NvmeStatus.Success;
}
