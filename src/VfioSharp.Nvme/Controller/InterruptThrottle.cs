using System.Diagnostics;

namespace VfioSharp.Nvme.Controller;

/// <summary>When a vector's interrupt is sent: at once, or after so many completions or so long (NVM Express Base 2.0, 5.27.1.6 and 5.27.1.7).</summary>
/// <param name="vectors">How many vectors there are; the first, the admin queue's, is never held back.</param>
internal sealed class InterruptThrottle(int vectors)
{
    private const int MicrosecondsPerUnit = 100;

    private readonly int[] waiting = new int[vectors];
    private readonly long[] since = new long[vectors];
    private readonly bool[] isExempt = new bool[vectors];
    private int waitingVectors;
    private int threshold;
    private long time;

    /// <summary>How many vectors there are.</summary>
    public int Vectors => vectors;

    /// <summary>Whether any interrupt is held back.</summary>
    public bool IsWaiting => waitingVectors > 0;

    /// <summary>TIME and THR as the feature has them: bits 0 to 7 completions less 1, bits 8 to 15 in units of 100 µs. 0 in either turns it off.</summary>
    public void Configure(uint value)
    {
        threshold = (int)(value & 0xFF);
        time = (int)(value >> 8 & 0xFF) * MicrosecondsPerUnit * Stopwatch.Frequency / 1_000_000;
    }

    /// <summary>CD: whether a vector is left out of it.</summary>
    public bool this[int vector]
    {
        get => isExempt[vector];
        set => isExempt[vector] = value;
    }

    /// <summary>Completions were posted; true where the interrupt goes now.</summary>
    public bool Note(int vector, int completions)
    {
        if (vector == 0 || isExempt[vector] || threshold == 0 || time == 0)
        {
            return true;
        }

        if (waiting[vector] == 0)
        {
            since[vector] = Stopwatch.GetTimestamp();
            waitingVectors++;
        }

        waiting[vector] += completions;
        return waiting[vector] > threshold && Forget(vector);
    }

    /// <summary>Whether a vector has waited long enough, or cannot wait any more; then it does not any longer.</summary>
    public bool IsDue(int vector) =>
        waiting[vector] != 0 && (isExempt[vector] || time == 0 || Stopwatch.GetTimestamp() - since[vector] >= time) && Forget(vector);

    /// <summary>All as after a reset.</summary>
    public void Reset()
    {
        Configure(0);
        Array.Clear(isExempt);
        Array.Clear(waiting);
        waitingVectors = 0;
    }

    private bool Forget(int vector)
    {
        waiting[vector] = 0;
        waitingVectors--;
        return true;
    }
}
