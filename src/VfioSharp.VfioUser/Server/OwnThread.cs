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

    /// <summary>Starts it.</summary>
    public void Start() => thread.UnsafeStart();

    /// <summary>What the connection waited for is there.</summary>
    public void Wake() => wake.Signal();

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
            WorkOn();
        }
        catch (Exception exception) when (exception is not OutOfMemoryException)
        {
            connection.Break(exception);
        }
    }

    private void WorkOn()
    {
        while (connection.Progress(wait: true))
        {
            if (connection.Suspended is not null)
            {
                WaitSuspended();
            }
            else if (!connection.Receive(wait: !spins))
            {
                return;
            }
        }
    }

    // Replies to the server's own commands come in meanwhile, and the client's end.
    private void WaitSuspended()
    {
        if (stream.IsFull)
        {
            wake.File.IsReady(PollFlags.POLLIN, Timeout.Infinite);
        }
        else
        {
            stream.File.WaitForInput(wake.File);
            connection.Receive(wait: false);
        }

        wake.Drain();
    }
}
