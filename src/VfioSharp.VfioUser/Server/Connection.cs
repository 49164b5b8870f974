using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Server;

/// <summary>
/// One who has connected: says its version, waits for its turn, is served, leaves. Worked for by the shared pump, or by a thread of its own once it has the
/// function; by one thread at a time.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Everything is given back when the connection has ended.")]
internal sealed class Connection : ReadyWork, IConnection
{
    private const int FlushLength = 64 << 10;

    private readonly Listener listener;
    private readonly Served served;
    private readonly MessageStream stream;
    private readonly VfioUserLimits limits;
    private readonly Deadline deadline;
    private readonly Shift shift;
    private readonly Outflow outflow;
    private readonly ClientCalls calls;
    private readonly Reception reception;
    private Task? awaited;
    private volatile Session? session;
    private volatile OwnThread? own;
    private string? failure;
    private volatile bool isOver;

    /// <summary>Takes over who has connected.</summary>
    public Connection(Listener listener, Served served, UnixSocket socket, int number)
    {
        this.listener = listener;
        this.served = served;
        Number = number;
        limits = served.Options.Limits;
        socket.GetPeer(out PeerCredentials peer);
        Process = peer.pid;
        stream = new MessageStream(socket, limits) { Trace = listener.TraceFor(this) };
        stream.SetTimeouts(limits.SendTime, TimeSpan.Zero);
        deadline = new Deadline(Fail);
        outflow = new Outflow(stream, limits.SendTime, deadline);
        shift = new Shift(() => session?.Rescue());
        calls = new ClientCalls(stream, this);
        reception = new Reception(served, stream, calls, new Complaints(complaint => listener.Complain(this, complaint)).Add, this);
    }

    /// <summary>Which one, for the log.</summary>
    public int Number { get; }

    /// <summary>Which process connected; 0 where that cannot be told.</summary>
    public int Process { get; }

    /// <summary>Its interrupts and system calls so far.</summary>
    public (long Signals, long Receives, long Sends) Counts => (session?.Signals ?? 0, stream.Receives, stream.Sends);

    /// <summary>Whether it has a thread of its own.</summary>
    public bool HasOwnThread => own is not null;

    /// <summary>Whether doorbells can be rung by descriptors, which nobody receives.</summary>
    public bool HasBells => session is { HasBells: true };

    /// <summary>What it waits for, its turn or a command that takes its time; null where it does not. No other command is carried out meanwhile.</summary>
    public Task? Suspended => session is { } serving ? serving.Pending : reception.Turn;

    /// <summary>Begins.</summary>
    /// <exception cref="PciException">The kernel watches too many descriptors already.</exception>
    public void Start()
    {
        deadline.Arm(limits.GreetingTime, $"it did not say its version within {limits.GreetingTime.TotalSeconds:0.#} s");
        SharedPump.Instance.Add(stream.File, Outflow.Watched, this);
    }

    /// <summary>Gives back what a connection has that never began.</summary>
    public void Abandon()
    {
        isOver = true;
        deadline.Dispose();
        stream.Dispose();
    }

    /// <summary>Asks the client to give the function back.</summary>
    public void AskForRelease() => session?.AskForRelease();

    /// <summary>Ends the connection, for this reason; null where nobody did anything wrong. Any thread.</summary>
    public void Fail(string? reason)
    {
        // Whoever works for it sees the end, and takes the reason from here.
        Interlocked.CompareExchange(ref failure, reason, null);
        stream.Shutdown();
        reception.Shutdown();
    }

    /// <summary>Something threw that must not, on whatever thread: the connection ends, and nothing else does.</summary>
    public void Break(Exception exception)
    {
        listener.NoteBroken(this, exception);
        Fail("working for it failed");
        End(null);
    }

    /// <inheritdoc/>
    protected override void Work()
    {
        if (isOver)
        {
            return;
        }

        if (own is not null)
        {
            // The pump watches for its end alone, and its thread may be stuck in an eventfd of the client's: before it sees the end, or after.
            shift.Begin();
            shift.Watch();
            session?.Rescue();
            return;
        }

        shift.Begin();
        try
        {
            WorkShared();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            Break(exception);
        }

        shift.End();
    }

    /// <inheritdoc/>
    protected override void OnBusy() => shift.Watch();

    private void WorkShared()
    {
        for (int round = 0; Progress(wait: false); round++)
        {
            if (shift.IsLong)
            {
                SharedPump.Instance.Post(this);
                return;
            }

            if (round > 0 && stream.IsDrained && !HasHungUp)
            {
                stream.Rest();
                return;
            }

            // What waits behind a command that takes its time waits in the socket too.
            if ((stream.IsFull && Suspended is not null) || !Receive(wait: false))
            {
                return;
            }
        }
    }

    /// <summary>Works off what has come and sends what came of it.</summary>
    /// <returns>False where the calling thread has nothing more to do: the connection is over, the client has to make room first, or another thread goes on.</returns>
    public bool Progress(bool wait)
    {
        bool took = false;
        while (!outflow.IsBlocked || Flush(wait))
        {
            if (Suspended is { } suspended && !Resume(suspended))
            {
                calls.DeliverAll();
                break;
            }

            if (session is { HasRung: true } ringing)
            {
                calls.Ring(ringing);
            }

            if (isOver || !TryDispatch(ref took) || (!wait && shift.IsLong))
            {
                break;
            }

            if (stream.OutputLength >= FlushLength && !Flush(wait))
            {
                break;
            }
        }

        if (isOver || outflow.IsBlocked || !Flush(wait))
        {
            return false;
        }

        if (reception.HasGreeted)
        {
            deadline.WatchMessage(stream.HasInput && Suspended is null, took, limits.MessageTime);
        }

        if (session is null || own is not null || served.Options.Mode == ServingMode.Shared)
        {
            return true;
        }

        HandOver();
        return false;
    }

    private bool TryDispatch(ref bool took)
    {
        switch (stream.TryTake(out Message message))
        {
            case TakeResult.Taken:
                took = true;
                Dispatch(in message);
                return !isOver;
            case TakeResult.Broken:
                End(stream.Fault);
                return false;
            default:
                return false;
        }
    }

    private void Dispatch(in Message message)
    {
        if (message.Header.IsReply)
        {
            calls.Deliver(in message);
        }
        else if (!message.Header.IsCommand)
        {
            End($"it sent a message of type {(uint)(message.Header.Flags & MessageFlags.TypeMask)}, which there is not");
        }
        else if (session is { } serving)
        {
            calls.Handle(serving, in message);
        }
        else if (reception.Greet(in message, out string fault))
        {
            deadline.Disarm();
        }
        else
        {
            End(fault);
        }
    }

    /// <summary>Goes on where what was waited for is there; else sees to it that whoever works for the connection is told when it is.</summary>
    private bool Resume(Task suspended)
    {
        if (!suspended.IsCompleted)
        {
            if (awaited != suspended)
            {
                awaited = suspended;
                suspended.ConfigureAwait(false).GetAwaiter().UnsafeOnCompleted(Wake);
            }

            return false;
        }

        if (session is { } serving)
        {
            serving.Finish();
            return true;
        }

        try
        {
            session = reception.Admit();
            listener.NoteServed(this, reception.Minor);
        }
        catch (PciException exception)
        {
            End($"it cannot be served: {exception.Message}");
        }

        return true;
    }

    // What was waited for is there. On whatever thread that was done.
    private void Wake()
    {
        if (own is { } thread)
        {
            thread.Wake();
        }
        else
        {
            SharedPump.Instance.Post(this);
        }
    }

    /// <inheritdoc/>
    public void OnRung()
    {
        if (own is null)
        {
            OnReady(0);
        }
        else
        {
            Wake();
        }
    }

    // The pump goes on watching for the client's end alone.
    private void HandOver()
    {
        OwnThread? thread = OwnThread.Create(this, stream, served.Options.Mode == ServingMode.Spinning);
        SharedPump.Instance.Modify(stream.File, EpollFlags.EPOLLRDHUP);
        own = thread;
        if (thread?.TryStart() != true)
        {
            own = null;
            End("it cannot be served: this process has no descriptor or no thread left");
        }
    }

    /// <summary>Sends what is to be sent; false where not all of it could be.</summary>
    private bool Flush(bool wait)
    {
        TransferResult result = outflow.Flush(wait);
        if (result is TransferResult.Closed or TransferResult.Failed)
        {
            End(outflow.Fault);
        }

        return result == TransferResult.Done;
    }

    /// <summary>Receives what is there; false where the connection is over.</summary>
    public bool Receive(bool wait)
    {
        TransferResult result = stream.Receive(wait);
        if (result is TransferResult.Closed or TransferResult.Failed)
        {
            End(result == TransferResult.Closed ? null : stream.Fault);
        }

        return !isOver;
    }

    private void End(string? reason)
    {
        if (!isOver)
        {
            isOver = true;
            if (reason is not null)
            {
                stream.Flush(wait: false); // what was replied by then, a refusal as a rule
            }

            SharedPump.Instance.Remove(stream.File);
            deadline.Dispose();
            calls.End();

            // Not here: what the function lets go of, it may hold for a while.
            _ = Task.Run(() => LeaveAsync(Interlocked.CompareExchange(ref failure, null, null) ?? reason));
        }
    }

    private async Task LeaveAsync(string? reason)
    {
        try
        {
            await reception.LeaveAsync(session).ConfigureAwait(false);
        }
        catch (Exception exception)
        {
            listener.NoteTearDownFailed(this, exception);
        }

        own?.Dispose();
        shift.Dispose();
        stream.Dispose();
        listener.NoteGone(this, session is not null, reason);
    }
}
