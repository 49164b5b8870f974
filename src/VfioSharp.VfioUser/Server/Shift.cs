namespace VfioSharp.VfioUser.Server;

/// <summary>How long a worker has been at the same connection: others wait for it, and it may be stuck.</summary>
/// <param name="stuck">Called once a second, on a thread of the pool, while a worker does not come back.</param>
internal sealed class Shift(Action stuck) : IDisposable
{
    private const long TurnMilliseconds = 5;
    private const long StuckMilliseconds = 1000;

    private readonly Lock gate = new();
    private Timer? timer;
    private long since; // 0 while nobody is at it
    private bool isOver;

    /// <summary>Whether it is time to let others have their turn.</summary>
    public bool IsLong => Environment.TickCount64 - Volatile.Read(ref since) >= TurnMilliseconds;

    /// <summary>A worker begins.</summary>
    public void Begin() => Volatile.Write(ref since, Environment.TickCount64);

    /// <summary>It is done.</summary>
    public void End() => Volatile.Write(ref since, 0);

    /// <summary>Something is to be done that has to wait for the worker: sees to it that it comes back.</summary>
    public void Watch()
    {
        lock (gate)
        {
            if (timer is null && !isOver)
            {
                timer = new Timer(static shift => ((Shift)shift!).Look(), this, StuckMilliseconds, StuckMilliseconds);
            }
        }
    }

    /// <inheritdoc/>
    public void Dispose()
    {
        lock (gate)
        {
            isOver = true;
            timer?.Dispose();
        }
    }

    private void Look()
    {
        long begun = Volatile.Read(ref since);
        if (begun != 0 && Environment.TickCount64 - begun >= StuckMilliseconds)
        {
            stuck();
            return;
        }

        if (begun == 0)
        {
            lock (gate)
            {
                timer?.Dispose();
                timer = null;
            }
        }
    }
}
