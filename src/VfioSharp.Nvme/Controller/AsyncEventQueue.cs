using VfioSharp.Nvme.Spec;

namespace VfioSharp.Nvme.Controller;

/// <summary>
/// Asynchronous events and the requests that wait for them (NVM Express Base 2.0, 5.2). After one of a type, none of that type is told of until the
/// driver has read the log page that belongs to it.
/// </summary>
internal sealed class AsyncEventQueue
{
    /// <summary>How many requests can wait.</summary>
    public const int MaxRequests = 4;

    private readonly List<ushort> requests = new(MaxRequests);
    private readonly List<(AsyncEventType Type, uint Dword0)> events = [];
    private uint masked;

    /// <summary>Whether an event can be told of.</summary>
    public bool HasEvent => requests.Count > 0 && events.Count > 0 && events.Exists(each => !IsMasked(each.Type));

    /// <summary>A request waits from now on.</summary>
    /// <returns>Pending, or why it does not.</returns>
    public CommandResult Wait(ushort commandId)
    {
        if (requests.Contains(commandId))
        {
            return NvmeStatus.CommandIdConflict;
        }

        if (requests.Count == MaxRequests)
        {
            return NvmeStatus.AsyncEventLimitExceeded;
        }

        requests.Add(commandId);
        return CommandResult.Pending;
    }

    /// <summary>A request is not to wait any longer; false where it does not wait.</summary>
    public bool Abort(ushort commandId) => requests.Remove(commandId);

    /// <summary>Something happened. The same, not told of yet, is told of once.</summary>
    public void Add(AsyncEventType type, byte info, LogPage page)
    {
        uint dword0 = (uint)type | ((uint)info << 8) | ((uint)page << 16);
        if (!IsMasked(type) && !events.Contains((type, dword0)))
        {
            events.Add((type, dword0));
        }
    }

    /// <summary>The log page of a type was read.</summary>
    public void Acknowledge(LogPage page)
    {
        masked &= page switch
        {
            LogPage.Error => ~Bit(AsyncEventType.Error),
            LogPage.Smart => ~Bit(AsyncEventType.Health),
            _ => uint.MaxValue,
        };
    }

    /// <summary>Takes an event and the request that it ends.</summary>
    public bool TryTake(out ushort commandId, out uint dword0)
    {
        commandId = 0;
        dword0 = 0;
        int index = requests.Count == 0 ? -1 : events.FindIndex(each => !IsMasked(each.Type));
        if (index < 0)
        {
            return false;
        }

        commandId = requests[0];
        requests.RemoveAt(0);
        (AsyncEventType type, dword0) = events[index];
        events.RemoveAt(index);
        masked |= Bit(type);
        return true;
    }

    /// <summary>No events, no requests.</summary>
    public void Reset()
    {
        requests.Clear();
        events.Clear();
        masked = 0;
    }

    private static uint Bit(AsyncEventType type) => 1U << (int)type;

    private bool IsMasked(AsyncEventType type) => (masked & Bit(type)) != 0;
}
