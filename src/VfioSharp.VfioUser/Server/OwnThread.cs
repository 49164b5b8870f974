using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>A thread that works for one connection: asleep until bytes come, or never.</summary>
internal sealed class OwnThread : IDisposable
{
    private readonly Connection connection;
    private readonly MessageStream stream;
    private readonly EventFd wake;
    private readonly bool spins;
    private readonly Thread thread;

    private OwnThread(Connection connection, MessageStream stream, bool spins, EventFd wake)
    {
        this.connection = connection;
        this.stream = stream;
        this.spins = spins;
        this.wake = wake;
        thread = new Thread(Work) { Name = $"vfiosharp-client-{connection.Number}", IsBackground = true };
    }

    /// <summary>Makes one, not started; null where there is no descriptor for it.</summary>
    public static OwnThread? Create(Connection connection, MessageStream stream, bool spins) =>
        EventFd.Create(EventFdFlags.EFD_NONBLOCK, out _) is { } wake ? new OwnThread(connection, stream, spins, wake) : null;

    /// <summary>Starts it; false where there is no thread for it.</summary>
    public bool TryStart()
    {
        try
        {
            thread.UnsafeStart();
            return true;
        }
        catch (Exception exception) when (exception is OutOfMemoryException or ThreadStartException)
        {
            wake.Dispose();
            return false;
        }
    }

    /// <summary>What the connection waited for is there, or a doorbell was rung.</summary>
    public void Wake()
    {
        try
        {
            wake.Signal();
        }
        catch (ObjectDisposedException)
        {
            // The connection is over meanwhile.
        }
    }

    /// <summary>Waits for its end: the connection is over.</summary>
    public void Dispose()
    {
        thread.Join();
        wake.Dispose();
    }

    private void Work()
    {
        try
        {
            while (connection.Progress(wait: true) && (connection.Suspended is not null ? WaitSuspended() : Receive()))
            {
            }
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            connection.Break(exception);
        }
    }

    // Doorbells that are rung by descriptors have to be waited for too, once there are any.
    private bool Receive()
    {
        if (spins || !connection.HasBells)
        {
            return connection.Receive(wait: !spins);
        }

        stream.File.WaitForInput(wake.File);
        wake.TryRead(out _);
        return connection.Receive(wait: false);
    }

    // Replies to the server's own commands come in meanwhile, and the client's end.
    private bool WaitSuspended()
    {
        if (stream.IsFull)
        {
            wake.File.IsReady(PollFlags.POLLIN, Timeout.Infinite);
            wake.TryRead(out _);
            return true;
        }

        stream.File.WaitForInput(wake.File);
        wake.TryRead(out _);
        return connection.Receive(wait: false);
    }
}
