using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>The calls that are under way, by the ids of their messages. Not synchronized.</summary>
internal sealed class CallTable
{
    /// <summary>The lower bits of an id tell the call's place, the others one use of it from the next.</summary>
    public const int IndexBits = 6;

    private readonly ClientCall?[] calls = new ClientCall?[1 << IndexBits];
    private readonly Stack<ClientCall> vacant = [];
    private int made;

    /// <summary>Whether one has to end before another can begin.</summary>
    public bool IsFull => vacant.Count == 0 && made == calls.Length;

    /// <summary>Begins a call.</summary>
    /// <param name="command">What is asked.</param>
    /// <param name="awaited">Completed with its reply; null where a thread waits for it.</param>
    public ClientCall Begin(MessageCommand command, TaskCompletionSource? awaited)
    {
        ClientCall call = vacant.TryPop(out ClientCall? used) ? used : new ClientCall(made++);
        call.Begin(command, awaited);
        return calls[call.Index] = call;
    }

    /// <summary>The call that waits for a reply of this id; null where none does.</summary>
    public ClientCall? Find(ushort id) =>
        calls[id & ((1 << IndexBits) - 1)] is { IsDone: false } call && call.Id == id ? call : null;

    /// <summary>A call whose thread waits for its reply; null where none does.</summary>
    public ClientCall? FindWaiting() => Array.Find(calls, static call => call is { IsDone: false, Awaited: null });

    /// <summary>A call's caller is done with it.</summary>
    public void End(ClientCall call)
    {
        calls[call.Index] = null;
        vacant.Push(call);
    }

    /// <summary>No reply comes any more.</summary>
    public void Abandon()
    {
        foreach (ClientCall? call in calls)
        {
            if (call is { IsDone: false })
            {
                call.Abandon();
            }
        }
    }
}
