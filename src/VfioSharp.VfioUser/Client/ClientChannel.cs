using System.Buffers;
using System.Diagnostics;
using System.Diagnostics.CodeAnalysis;
using VfioSharp.Devices.Interop;
using VfioSharp.Devices.Interrupts;
using VfioSharp.VfioUser.Transport;
using VfioSharp.VfioUser.Wire;

namespace VfioSharp.VfioUser.Client;

/// <summary>
/// A connection to a server. Any number of threads ask at once; each sends by itself, and one of those who wait receives for all. So a thread that asks alone
/// sends and receives and is not switched for another, inside an interrupt's inline continuation as anywhere else.
/// </summary>
[SuppressMessage("Design", "CA1001", Justification = "Closed by its function.")]
internal sealed class ClientChannel : IEventSink
{
    private const int SmallLength = 256;
    private const int KeptLength = 4096;
    private static readonly TimeSpan Turn = TimeSpan.FromMilliseconds(100);

    private readonly MessageStream stream;
    private readonly EventLoop events;
    private readonly ClientMemoryServer memory;

    // A monitor, to wait in.
    private readonly object gate = new();
    private readonly CallTable calls = new();
    private int watchers;
    private bool isReceiving;
    private bool isQueued;
    private bool isRegistered;
    private volatile bool isLost;

    /// <summary>Takes over a connection.</summary>
    public ClientChannel(UnixSocket socket, VfioUserLimits limits, EventLoop events, ClientMemoryServer memory, IMessageTrace? trace)
    {
        stream = new MessageStream(socket, limits) { Trace = trace };
        stream.SetTimeouts(limits.SendTime, Turn);
        this.events = events;
        this.memory = memory;
        events.Add(stream.File, EpollFlags.EPOLLRDHUP, this);
        isRegistered = true;
    }

    /// <summary>The connection is lost, for this reason; told once, through the pool: who listens may close it.</summary>
    public event Action<string>? Lost;

    /// <summary>Why it is lost; empty while it is not.</summary>
    public string Reason { get; private set; } = "";

    /// <summary>Whether it is lost.</summary>
    public bool IsLost => isLost;

    /// <summary>Whether the server took too long for a reply.</summary>
    public bool IsOverdue { get; private set; }

    /// <summary>Asks and waits for the reply.</summary>
    /// <param name="command">What to ask.</param>
    /// <param name="head">What follows the header.</param>
    /// <param name="tail">What follows that.</param>
    /// <param name="files">What goes along.</param>
    /// <param name="time">How long to wait; a server that takes longer is lost.</param>
    /// <returns>The call, to be given back by <see cref="Return"/>; null where the server is lost.</returns>
    public ClientCall? Call(MessageCommand command, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, ReadOnlySpan<FileDescriptor> files, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        if (Begin(command, null, time) is not { } call)
        {
            return null;
        }

        Send(call.Id, command, MessageFlags.None, head, tail, files);
        while (true)
        {
            bool receives;
            lock (gate)
            {
                if (call.IsDone)
                {
                    return TakeReplied(call);
                }

                receives = !isReceiving;
                isReceiving = true;
            }

            if (Left(start, time) is not { Ticks: > 0 } left)
            {
                if (receives)
                {
                    EndReceiving();
                }

                LoseOverdue(command, time);
            }
            else if (receives)
            {
                ReceiveFor(call, start, time);
            }
            else
            {
                call.Wait(left);
            }
        }
    }

    /// <summary>Asks and awaits the reply.</summary>
    /// <inheritdoc cref="Call"/>
    public async ValueTask<ClientCall?> CallAsync(MessageCommand command, ReadOnlyMemory<byte> head, TimeSpan time)
    {
        var awaited = new TaskCompletionSource(TaskCreationOptions.RunContinuationsAsynchronously);
        if (Begin(command, awaited, time) is not { } call)
        {
            return null;
        }

        BeginWatch();
        try
        {
            Send(call.Id, command, MessageFlags.None, head.Span, default, default);
            Task reply = awaited.Task;
            if (await Task.WhenAny(reply, Task.Delay(time)).ConfigureAwait(false) != reply)
            {
                LoseOverdue(command, time);
                await reply.ConfigureAwait(false);
            }
        }
        finally
        {
            EndWatch();
        }

        lock (gate)
        {
            return TakeReplied(call);
        }
    }

    /// <summary>Tells without asking for a reply.</summary>
    /// <returns>False where the server is lost.</returns>
    public bool Tell(MessageCommand command, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail)
    {
        if (!isLost)
        {
            Send(0, command, MessageFlags.NoReply, head, tail, default);
        }

        return !isLost;
    }

    /// <summary>The caller has taken what it wanted of the reply.</summary>
    public void Return(ClientCall call)
    {
        if (call.Length > KeptLength)
        {
            call.Release();
        }

        lock (gate)
        {
            End(call);
        }
    }

    /// <summary>Receives although nobody asks anything: the server has commands of its own.</summary>
    public void BeginWatch()
    {
        lock (gate)
        {
            if (++watchers == 1 && isRegistered)
            {
                events.Modify(stream.File, EpollFlags.EPOLLRDHUP | EpollFlags.EPOLLIN);
            }
        }
    }

    /// <summary>Ends that.</summary>
    public void EndWatch()
    {
        lock (gate)
        {
            if (--watchers == 0 && isRegistered)
            {
                events.Modify(stream.File, EpollFlags.EPOLLRDHUP);
            }
        }
    }

    /// <summary>The connection is of no more use: who waits comes back.</summary>
    public void Lose(string reason)
    {
        lock (gate)
        {
            if (isLost)
            {
                return;
            }

            isLost = true;
            Reason = reason;
            stream.Shutdown();
            calls.Abandon();
            Monitor.PulseAll(gate);
        }

        ThreadPool.UnsafeQueueUserWorkItem(static channel => channel.Lost?.Invoke(channel.Reason), this, preferLocal: false);
    }

    /// <summary>Ends the connection and gives everything back.</summary>
    public void Close()
    {
        Lost = null;
        Lose("it is closed");
        lock (gate)
        {
            isRegistered = false;
            events.Remove(stream.File);
            while (isReceiving)
            {
                Monitor.Wait(gate);
            }

            stream.Dispose();
        }
    }

    /// <inheritdoc/>
    void IEventSink.OnSignalled()
    {
        // The loop is also others', and a server that floods, or takes no replies, keeps whoever receives for as long as it likes.
        if (!Interlocked.Exchange(ref isQueued, true))
        {
            ThreadPool.UnsafeQueueUserWorkItem(static channel => channel.ReceiveUnasked(), this, preferLocal: false);
        }
    }

    private void ReceiveUnasked()
    {
        Volatile.Write(ref isQueued, false);
        lock (gate)
        {
            // Whoever receives looks again when done, as long as somebody watches.
            if (isReceiving || !isRegistered)
            {
                return;
            }

            isReceiving = true;
        }

        while (Receive(wait: false, null) == TransferResult.Done)
        {
        }

        EndReceiving();
    }

    private void LoseOverdue(MessageCommand command, TimeSpan time)
    {
        IsOverdue = true;
        Lose($"it did not reply to {Tracing.MessageText.NameOf(command)} within {time.TotalSeconds:0.#} s");
    }

    private static TimeSpan Left(long start, TimeSpan time) => time - Stopwatch.GetElapsedTime(start);

    private ClientCall? Begin(MessageCommand command, TaskCompletionSource? awaited, TimeSpan time)
    {
        lock (gate)
        {
            while (!isLost && calls.IsFull)
            {
                if (!Monitor.Wait(gate, time))
                {
                    return null;
                }
            }

            return isLost ? null : calls.Begin(command, awaited);
        }
    }

    private ClientCall? TakeReplied(ClientCall call)
    {
        if (call.IsReplied)
        {
            return call;
        }

        End(call);
        return null;
    }

    // One who waits for a place among the calls can have this one's.
    private void End(ClientCall call)
    {
        calls.End(call);
        Monitor.Pulse(gate);
    }

    private void Send(
        ushort id, MessageCommand command, MessageFlags flags, ReadOnlySpan<byte> head, ReadOnlySpan<byte> tail, ReadOnlySpan<FileDescriptor> files)
    {
        int length = MessageHeader.Length + head.Length + tail.Length;
        byte[]? rented = length > SmallLength ? ArrayPool<byte>.Shared.Rent(length) : null;
        Span<byte> message = rented is null ? stackalloc byte[SmallLength] : rented;
        var writer = new MessageWriter(message);
        writer.Write(new MessageHeader { Id = id, Command = command, Flags = flags, Size = (uint)length });
        writer.Write(head);
        writer.Write(tail);
        TransferResult result = stream.Send(message[..length], files);
        if (rented is not null)
        {
            ArrayPool<byte>.Shared.Return(rented);
        }

        if (result != TransferResult.Done)
        {
            Lose(result == TransferResult.Closed ? "it closed the connection" : "it does not take what it is sent");
        }
    }

    // This thread receives for all until its own reply is there.
    private void ReceiveFor(ClientCall call, long start, TimeSpan time)
    {
        while (!call.IsDone && Left(start, time).Ticks > 0 && Receive(wait: true, call) is TransferResult.Done or TransferResult.WouldBlock)
        {
        }

        EndReceiving();
    }

    private void EndReceiving()
    {
        lock (gate)
        {
            isReceiving = false;
            calls.FindWaiting()?.Signal(); // to receive for all
            if (isLost)
            {
                Monitor.PulseAll(gate); // Close() may wait
            }

            if (watchers > 0 && isRegistered)
            {
                events.Modify(stream.File, EpollFlags.EPOLLRDHUP | EpollFlags.EPOLLIN); // tells again of what came meanwhile
            }
        }
    }

    private TransferResult Receive(bool wait, ClientCall? own)
    {
        TransferResult result = stream.Receive(wait);
        if (result is TransferResult.Closed or TransferResult.Failed)
        {
            Lose(result == TransferResult.Closed ? "it closed the connection" : stream.Fault);
            return result;
        }

        while (true)
        {
            switch (stream.TryTake(out Message message))
            {
                case TakeResult.Taken when message.Header.IsReply:
                    Deliver(in message);
                    break;
                case TakeResult.Taken when memory.Serve(in message, stream) is { } fault:
                    Lose(fault);
                    return TransferResult.Failed;
                case TakeResult.Taken:
                    break;
                case TakeResult.Broken:
                    Lose(stream.Fault);
                    return TransferResult.Failed;
                default:
                    return own is { IsDone: true } ? TransferResult.Done : result;
            }
        }
    }

    private void Deliver(in Message reply)
    {
        MessageCommand? asked;
        lock (gate)
        {
            ClientCall? call = calls.Find(reply.Header.Id);
            asked = call?.Command;
            if (asked == reply.Header.Command)
            {
                call!.Complete(in reply, stream.Descriptors);
                return;
            }
        }

        Lose(asked is null ? "it replied to what nobody asked" : "it replied to another command than was asked");
    }
}
