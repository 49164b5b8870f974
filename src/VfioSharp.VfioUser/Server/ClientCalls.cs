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
            if (stream.Send(message, default) != TransferResult.Done)
            {
                Fail("it does not take what it is sent");
                return false;
            }

            BeginWait();
            if (IsHandlingHere ? Receive(call, time) : call.Wait(time))
            {
                return true;
            }

            Fail($"it did not reply within {time.TotalSeconds:0.#} s");
            return false;
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
        if (IsHandlingHere && !connection.HasOwnThread)
        {
            SharedPump.Instance.BeginWait();
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
    public void DeliverAll()
    {
        while (stream.TryTakeReply(out Message reply))
        {
            Deliver(in reply);
        }
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

    // Inside a command's handler nobody else receives; the client's next commands wait.
    private bool Receive(PendingCall call, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        if (stream.Flush(wait: true) != TransferResult.Done)
        {
            return false;
        }

        while (true)
        {
            DeliverAll();
            if (call.IsDone)
            {
                return true;
            }

            TimeSpan left = time - Stopwatch.GetElapsedTime(start);
            if (stream.IsFull || left <= TimeSpan.Zero || !stream.WaitForInput(left) || stream.Receive(wait: false) is TransferResult.Closed or TransferResult.Failed)
            {
                return false;
            }
        }
    }
}
