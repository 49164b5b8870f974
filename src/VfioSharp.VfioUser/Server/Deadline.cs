namespace VfioSharp.VfioUser.Server;

/// <summary>Something that a peer has to do in time. Armed and disarmed by one thread at a time.</summary>
/// <param name="expired">What to do when the time is over, with the reason; on a thread of the pool.</param>
internal sealed class Deadline(Action<string> expired) : IDisposable
{
    private Timer? timer;
    private string reason = "";
    private volatile bool isArmed;

    /// <summary>Whether it runs.</summary>
    public bool IsArmed => isArmed;

    /// <summary>Starts anew.</summary>
    /// <param name="time">How long.</param>
    /// <param name="why">What was not done in time.</param>
    public void Arm(TimeSpan time, string why)
    {
        Volatile.Write(ref reason, why);
        isArmed = true;
        timer ??= new Timer(static deadline => ((Deadline)deadline!).Expire(), this, Timeout.Infinite, Timeout.Infinite);
        timer.Change(time, Timeout.InfiniteTimeSpan);
    }

    /// <summary>What the peer has begun, it has to finish in time.</summary>
    /// <param name="isBegun">Whether a part of a message is there, and more of it to come.</param>
    /// <param name="isAnother">Whether it is another than before.</param>
    /// <param name="time">How long a message may take.</param>
    public void WatchMessage(bool isBegun, bool isAnother, TimeSpan time)
    {
        if (!isBegun)
        {
            Disarm();
        }
        else if (isAnother || !IsArmed)
        {
            Arm(time, $"it did not finish a message within {time.TotalSeconds:0.#} s");
        }
    }

    /// <summary>It was done.</summary>
    public void Disarm()
    {
        if (isArmed)
        {
            isArmed = false;
            timer!.Change(Timeout.Infinite, Timeout.Infinite);
        }
    }

    /// <inheritdoc/>
    public void Dispose() => timer?.Dispose();

    // Disarmed when it was on its way already, it comes too late.
    private void Expire()
    {
        if (isArmed)
        {
            expired(Volatile.Read(ref reason));
        }
    }
}
