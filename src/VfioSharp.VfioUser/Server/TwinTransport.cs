using System.Diagnostics;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>The server's commands on a socket of their own: whoever calls sends and receives by itself, one at a time.</summary>
/// <param name="stream">That socket.</param>
/// <param name="connection">Whose it is.</param>
internal sealed class TwinTransport(MessageStream stream, ICallTransport connection) : ICallTransport, IDisposable
{
    private readonly Lock gate = new();

    /// <inheritdoc/>
    public bool Call(ushort id, ReadOnlySpan<byte> message, PendingCall call, TimeSpan time)
    {
        BeginWait();
        lock (gate)
        {
            try
            {
                return Sent(stream.Send(message, default)) && Receive(id, call, time);
            }
            catch (ObjectDisposedException)
            {
                return false; // the connection is over
            }
        }
    }

    /// <inheritdoc/>
    public void BeginWait() => connection.BeginWait();

    /// <inheritdoc/>
    public void Fail(string reason) => connection.Fail(reason);

    /// <summary>Whoever waits comes back.</summary>
    public void Shutdown() => stream.Shutdown();

    /// <inheritdoc/>
    public void Dispose()
    {
        stream.Shutdown();
        lock (gate)
        {
            stream.Dispose();
        }
    }

    private bool Sent(TransferResult result)
    {
        if (stream.Explain(result) is { } reason)
        {
            Fail(reason);
        }

        return result == TransferResult.Done;
    }

    private bool Receive(ushort id, PendingCall call, TimeSpan time)
    {
        long start = Stopwatch.GetTimestamp();
        while (true)
        {
            switch (stream.TryTake(out Message message))
            {
                case TakeResult.Taken when message.Header.IsReply && message.Header.Id == id:
                    call.Complete(in message);
                    return true;
                case TakeResult.Taken:
                    Fail("it sent something else than replies where only those may come");
                    return false;
                case TakeResult.Broken:
                    Fail(stream.Fault);
                    return false;
                default:
                    break;
            }

            TimeSpan left = time - Stopwatch.GetElapsedTime(start);
            if (left <= TimeSpan.Zero || !stream.WaitForInput(left))
            {
                Fail($"it did not reply within {time.TotalSeconds:0.#} s");
                return false;
            }

            switch (stream.Receive(wait: false))
            {
                case TransferResult.Closed:
                    return false;
                case TransferResult.Failed:
                    Fail(stream.Fault);
                    return false;
                default:
                    break;
            }
        }
    }
}
