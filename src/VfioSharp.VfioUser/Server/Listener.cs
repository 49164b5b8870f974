using Microsoft.Extensions.Logging;
using Microsoft.Extensions.Logging.Abstractions;
using VfioSharp.Devices;
using VfioSharp.Devices.Interop;
using VfioSharp.VfioUser.Tracing;
using VfioSharp.VfioUser.Transport;

namespace VfioSharp.VfioUser.Server;

/// <summary>Accepts those who connect to a socket, and knows who is there.</summary>
/// <param name="socket">Listens; stays its owner's.</param>
/// <param name="name">How the log names it.</param>
/// <param name="served">What is served there.</param>
internal sealed class Listener(UnixSocket socket, string name, Served served) : ReadyWork
{
    private static readonly TimeSpan RetryTime = TimeSpan.FromMilliseconds(100);

    private readonly ILogger logger = served.Options.Logger ?? NullLogger.Instance;
    private readonly HashSet<Connection> connections = [];
    private readonly TaskCompletionSource done = new(TaskCreationOptions.RunContinuationsAsynchronously);
    private int lastNumber;
    private bool cannotAccept;
    private bool isOver;

    /// <summary>Done when nobody is there any more, after <see cref="Stop"/>.</summary>
    public Task Done => done.Task;

    /// <summary>What has been counted until now.</summary>
    public VfioUserStatistics Statistics
    {
        get
        {
            lock (connections)
            {
                (long signals, long receives, long sends) = (0, 0, 0);
                foreach (Connection connection in connections)
                {
                    (long Signals, long Receives, long Sends) counts = connection.Counts;
                    signals += counts.Signals;
                    receives += counts.Receives;
                    sends += counts.Sends;
                }

                return served.Counters.Read(signals, receives, sends);
            }
        }
    }

    /// <summary>Begins.</summary>
    /// <exception cref="PciException">The kernel watches too many descriptors already.</exception>
    public void Start() => SharedPump.Instance.Add(socket.File, EpollFlags.EPOLLIN, this);

    /// <summary>Accepts nobody any more and ends those who are there.</summary>
    public void Stop()
    {
        lock (connections)
        {
            isOver = true;
            SharedPump.Instance.Remove(socket.File);
            foreach (Connection connection in connections)
            {
                connection.Fail("the server is stopped");
            }

            if (connections.Count == 0)
            {
                done.TrySetResult();
            }
        }
    }

    /// <summary>Asks whoever is served to give the function back.</summary>
    public void AskForRelease()
    {
        lock (connections)
        {
            foreach (Connection connection in connections)
            {
                connection.AskForRelease();
            }
        }
    }

    public IMessageTrace? TraceFor(Connection connection) =>
        served.Options.Trace is { } write ? new MessageTrace(line => write($"{name} client {connection.Number} {line}"), isServer: true) : null;

    public void NoteServed(Connection connection, int minor)
    {
        served.Counters.CountClient();
        ServerLog.ClientServed(logger, name, connection.Number, connection.Process, Greeting.Major, minor);
    }

    public void Complain(Connection connection, string complaint) => ServerLog.Complaint(logger, name, connection.Number, connection.Process, complaint);

    public void NoteBroken(Connection connection, Exception exception) => ServerLog.Broken(logger, name, connection.Number, exception);

    public void NoteTearDownFailed(Connection connection, Exception exception) => ServerLog.TearDownFailed(logger, name, connection.Number, exception);

    /// <summary>One who was there has left, and everything of it is given back.</summary>
    public void NoteGone(Connection connection, bool wasServed, string? reason)
    {
        // Counted in one of both places at any time, for whoever asks.
        (long signals, long receives, long sends) = connection.Counts;
        lock (connections)
        {
            served.Counters.Add(signals, receives, sends);
            Forget(connection);
        }

        if (reason is not null && !isOver)
        {
            served.Counters.CountFault();
            ServerLog.ClientEnded(logger, name, connection.Number, connection.Process, reason);
        }
        else if (wasServed)
        {
            ServerLog.ClientGone(logger, name, connection.Number, connection.Process, reason ?? "it closed");
        }

        // There may be room again for one who waits to be accepted.
        SharedPump.Instance.Post(this);
    }

    /// <inheritdoc/>
    protected override void Work()
    {
        while (true)
        {
            lock (connections)
            {
                if (isOver || connections.Count >= served.Options.Limits.MaxConnections)
                {
                    return;
                }
            }

            if (socket.Accept(out Errno error) is { } accepted)
            {
                cannotAccept = false;
                Take(accepted);
            }
            else if (error == Errno.EAGAIN)
            {
                return;
            }
            else if (error != Errno.ECONNABORTED)
            {
                // No descriptor or no memory is left: it stays as it is for a while, and whoever connects waits.
                NoteCannotAccept(error is Errno.EMFILE or Errno.ENFILE ? "no descriptor is left: raise the limit on open files (ulimit -n)" : $"{error}");
                _ = Task.Delay(RetryTime).ContinueWith(_ => SharedPump.Instance.Post(this), TaskScheduler.Default);
                return;
            }
        }
    }

    private void Take(UnixSocket accepted)
    {
        var connection = new Connection(this, served, accepted, Interlocked.Increment(ref lastNumber));
        lock (connections)
        {
            if (isOver)
            {
                accepted.Dispose();
                return;
            }

            connections.Add(connection);
        }

        try
        {
            connection.Start();
        }
        catch (PciException exception)
        {
            NoteCannotAccept(exception.Message);
            connection.Abandon();
            Forget(connection);
        }
    }

    // Once, until somebody is accepted again.
    private void NoteCannotAccept(string reason)
    {
        if (!cannotAccept)
        {
            cannotAccept = true;
            ServerLog.CannotAccept(logger, name, reason);
        }
    }

    private void Forget(Connection connection)
    {
        lock (connections)
        {
            connections.Remove(connection);
            if (isOver && connections.Count == 0)
            {
                done.TrySetResult();
            }
        }
    }
}
