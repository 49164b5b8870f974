namespace VfioSharp.Nvme.Driver;

/// <summary>Looks for a queue's completions while commands are under way, and sleeps when there are none.</summary>
internal sealed class PollThread : IDisposable
{
    // Some tens of microseconds: who awaits a command and sends the next finds the thread awake.
    private const int IdleRounds = 2000;

    private readonly AutoResetEvent work = new(false);
    private readonly QueuePair pair;
    private readonly Action look;
    private readonly Thread thread;
    private int sleeping;
    private volatile bool stopped;

    public PollThread(QueuePair pair, Action look, string name)
    {
        this.pair = pair;
        this.look = look;
        thread = new Thread(Run) { IsBackground = true, Name = name };
        thread.Start();
    }

    /// <summary>A command was sent.</summary>
    public void Wake()
    {
        // The command is counted before this is read, and read again after this was written: one of both sees the other.
        Interlocked.MemoryBarrier();
        if (Volatile.Read(ref sleeping) != 0 && Interlocked.Exchange(ref sleeping, 0) != 0)
        {
            work.Set();
        }
    }

    /// <summary>Ends the thread, and waits for that unless this is it.</summary>
    public void Dispose()
    {
        stopped = true;
        work.Set();
        if (Thread.CurrentThread != thread)
        {
            thread.Join();
            work.Dispose();
        }
    }

    private void Run()
    {
        int idle = 0;
        while (!stopped)
        {
            if (pair.UnderWay > 0)
            {
                idle = 0;
                look();
            }
            else if (++idle < IdleRounds)
            {
                Thread.SpinWait(5);
            }
            else
            {
                Sleep();
                idle = 0;
            }
        }
    }

    private void Sleep()
    {
        Volatile.Write(ref sleeping, 1);
        Interlocked.MemoryBarrier();
        if (pair.UnderWay > 0 || stopped)
        {
            Volatile.Write(ref sleeping, 0);
            return;
        }

        work.WaitOne();
    }
}
