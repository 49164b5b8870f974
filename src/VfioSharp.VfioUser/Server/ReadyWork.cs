using VfioSharp.Devices.Interop;

namespace VfioSharp.VfioUser.Server;

/// <summary>Work that is done by whichever worker is told of it, by one at a time: who is told meanwhile leaves it to the one who is at it.</summary>
internal abstract class ReadyWork : IReady
{
    private const int Idle = 0;
    private const int Busy = 1;
    private const int Again = 2;

    private int state;
    private volatile bool hasHungUp;

    /// <summary>Whether the peer has closed: its end may lie behind bytes that were received already, and no event tells of it again.</summary>
    protected bool HasHungUp => hasHungUp;

    /// <inheritdoc/>
    public void OnReady(uint events)
    {
        if ((events & (EpollFlags.EPOLLRDHUP | EpollFlags.EPOLLHUP | EpollFlags.EPOLLERR)) != 0)
        {
            hasHungUp = true;
        }

        while (true)
        {
            int seen = Volatile.Read(ref state);
            if (seen != Idle)
            {
                if (seen == Again || Interlocked.CompareExchange(ref state, Again, Busy) == Busy)
                {
                    OnBusy();
                    return;
                }
            }
            else if (Interlocked.CompareExchange(ref state, Busy, Idle) == Idle)
            {
                break;
            }
        }

        do
        {
            // What is told from here on is worked off in another round.
            Volatile.Write(ref state, Busy);
            Work();
        }
        while (Interlocked.CompareExchange(ref state, Idle, Busy) != Busy);
    }

    /// <summary>Does what there is to do. Told again afterwards where something came meanwhile.</summary>
    protected abstract void Work();

    /// <summary>Something came while another worker is at it.</summary>
    protected virtual void OnBusy()
    {
    }
}
