namespace VfioSharp.Nvme.Driver;

/// <summary>The numbers of a pair of queues.</summary>
/// <param name="Id">QID; 0 for the admin queues.</param>
/// <param name="Depth">How many commands can be under way.</param>
/// <param name="SubmissionEntries">One more at least.</param>
/// <param name="CompletionEntries">One more at least: what is above lets the doorbell be rung for several at once.</param>
/// <param name="PageSize">The memory page in bytes.</param>
/// <param name="MaxPages">How many pages a transfer can touch, at most a page full of PRP entries and one.</param>
internal readonly record struct QueueGeometry(int Id, int Depth, int SubmissionEntries, int CompletionEntries, int PageSize, int MaxPages)
{
    /// <summary>The admin queues': events wait in some slots.</summary>
    public static QueueGeometry Admin(int pageSize) => new(0, 31, 32, 64, pageSize, 1);

    /// <summary>An I/O queue's.</summary>
    /// <param name="id">1 and up.</param>
    /// <param name="depth">Wanted.</param>
    /// <param name="maxEntries">What the controller allows, 2 and up.</param>
    /// <param name="pageSize">The memory page in bytes.</param>
    /// <param name="maxTransfer">In bytes.</param>
    public static QueueGeometry Io(int id, int depth, int maxEntries, int pageSize, int maxTransfer)
    {
        depth = Math.Min(depth, maxEntries - 1);
        return new QueueGeometry(id, depth, depth + 1, Math.Min(maxEntries, 2 * (depth + 1)), pageSize, (maxTransfer / pageSize) + 1);
    }
}
