using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>Sends a client what is to be sent. Where it has no room, either waits, or has the pump tell when it has some; not longer than it may take.</summary>
/// <param name="stream">The connection.</param>
/// <param name="time">How long it may take.</param>
/// <param name="deadline">Ends the connection after that time.</param>
internal sealed class Outflow(MessageStream stream, TimeSpan time, Deadline deadline)
{
    /// <summary>What the pump watches for as long as there is room.</summary>
    public const uint Watched = EpollFlags.EPOLLIN | EpollFlags.EPOLLRDHUP;

    /// <summary>Whether it waits for room: nothing is added to what is to be sent.</summary>
    public bool IsBlocked { get; private set; }

    /// <summary>Why nothing can be sent any more; null where the client has closed.</summary>
    public string? Fault { get; private set; }

    /// <summary>Sends all of it, or as much as there is room for unless it is to <paramref name="wait"/>.</summary>
    /// <returns>WouldBlock where something is left, and nothing is wrong.</returns>
    public TransferResult Flush(bool wait)
    {
        TransferResult result = stream.Flush(wait);
        switch (result)
        {
            case TransferResult.Done when IsBlocked:
                IsBlocked = false;
                deadline.Disarm();
                SharedPump.Instance.Modify(stream.File, Watched);
                return result;
            case TransferResult.WouldBlock when wait:
                Fault = Complaint;
                return TransferResult.Failed;
            case TransferResult.WouldBlock when !IsBlocked:
                IsBlocked = true;
                deadline.Arm(time, Complaint);
                SharedPump.Instance.Modify(stream.File, Watched | EpollFlags.EPOLLOUT);
                return result;
            case TransferResult.Failed:
                Fault = stream.Fault;
                return result;
            default:
                return result;
        }
    }

    private string Complaint => $"it did not take what it was sent within {time.TotalSeconds:0.#} s";
}
