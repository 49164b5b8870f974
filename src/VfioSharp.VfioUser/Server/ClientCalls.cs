using System.Diagnostics;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>The server's commands among those of the client, on the one socket there is. Replies are taken by whoever receives.</summary>
/// <param name="stream">The socket.</param>
/// <param name="connection">Whose it is.</param>
internal sealed class ClientCalls(MessageStream stream, Connection connection) : ICallTransport
{
    private readonly Dictionary<ushort, PendingCall> calls = [];
    private bool isOver;
    private int handling; // the thread inside a command

    // Whether the calling thread is inside one of the client's commands.
    private bool IsHandlingHere => Environment.CurrentManagedThreadId == Volatile.Read(ref handling);

    /// <summary>Carries out a command of the client's, which may call back.</summary>
    public void Handle(Session session, in Message message)
    {
        Volatile.Write(ref handling, Environment.CurrentManagedThreadId);
        stream.IsHeld = true;
        try
        {
            session.Handle(in message);
        }
        finally
        {
            stream.IsHeld = false;
            Volatile.Write(ref handling, 0);
        }
    }

    /// <summary>Tells the function of the doorbells that were rung, which may call back.</summary>
    public void Ring(Session session)
    {
        Volatile.Write(ref handling, Environment.CurrentManagedThreadId);
        try
        {
            session.Ring();
        }
        finally
        {
            Volatile.Write(ref handling, 0);
        }
    }

    /// <inheritdoc/>
    public bool Call(ushort id, ReadOnlySpan<byte> message, PendingCall call, TimeSpan time)
    {
        lock (calls)
        {
            if (isOver)
            {
                return false;
            }

            calls[id] = call;
        }

        try
        {
            TransferResult sent = stream.Send(message, default);
            if (sent != TransferResult.Done)
            {
                return Give(stream.Explain(sent));
            }

            BeginWait();
            return IsHandlingHere ? Receive(call, time) : call.Wait(time) || Give(Late(time));
        }
        finally
        {
            lock (calls)
            {
                calls.Remove(id);
            }
        }
    }

    /// <inheritdoc/>
    public void BeginWait()
    {
        if (IsHandlingHere)
        {
            stream.Flush(wait: false); // the client may be waiting for what was replied by then
            (connection.HasOwnThread ? null : SharedPump.Instance)?.BeginWait();
        }
    }

    /// <inheritdoc/>
    public void Fail(string reason) => connection.Fail(reason);

    /// <summary>Gives a reply to whoever waits for it.</summary>
    public void Deliver(in Message reply)
    {
        lock (calls)
        {
            if (calls.Remove(reply.Header.Id, out PendingCall? call))
            {
                call.Complete(in reply);
                return;
            }
        }

        Fail("it replied to what nobody asked");
    }

    /// <summary>Takes replies from among commands that wait.</summary>
    /// <returns>False where what follows is no message.</returns>
    public bool DeliverAll()
    {
        TakeResult result;
        while ((result = stream.TryTakeReply(out Message reply)) == TakeResult.Taken)
        {
            Deliver(in reply);
        }

        return result != TakeResult.Broken;
    }

    /// <summary>Nothing more is asked, nothing more comes.</summary>
    public void End()
    {
        lock (calls)
        {
            isOver = true;
            foreach (PendingCall call in calls.Values)
            {
                call.Abandon();
            }

            calls.Clear();
        }
    }

    private static string Late(TimeSpan time) => $"it did not reply within {time.TotalSeconds:0.#} s";

    // There is no reply: the client did something wrong, or has left, which whoever works for the connection sees next.
    private bool Give(string? up)
    {
        if (up is not null)
        {
            Fail(up);
        }

        return false;
    }

    // Inside a command's handler nobody else receives; the client's next commands wait.
    private bool Receive(PendingCall call, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        if (stream.Flush(wait: true) is var flushed && flushed != TransferResult.Done)
        {
            return Give(stream.Explain(flushed));
        }

        while (true)
        {
            bool isSound = DeliverAll();
            if (call.IsDone)
            {
                return true;
            }

            if (!isSound)
            {
                return Give(stream.Fault);
            }

            TimeSpan left = time - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !stream.WaitForInput(left))
            {
                return Give(Late(time));
            }

            TransferResult received = stream.Receive(wait: false);
            if (received is TransferResult.Closed or TransferResult.Failed)
            {
                return Give(stream.Explain(received));
            }
        }
    }
}
