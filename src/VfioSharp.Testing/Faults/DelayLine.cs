namespace VfioSharp.Testing.Faults;

/// <summary>Holds back what is delayed until enough events of its kind have passed. Any thread. What is left at the end never happens.</summary>
internal sealed class DelayLine
{
    private readonly Lock gate = new();
    private readonly List<(long Due, Action Act)> held = [];
    private long now;

    /// <summary>Does it once so many more events than the present one have passed; at once where there are none to wait for.</summary>
    public void Hold(int events, Action act)
    {
        if (events == 0)
        {
            act();
            return;
        }

        lock (gate)
        {
            // The present one passes too.
            held.Add((now + events + 1, act));
        }
    }

    /// <summary>An event has passed: does what was waiting for it, on this thread.</summary>
    public void Pass()
    {
        List<Action>? due = null;
        lock (gate)
        {
            now++;
            for (int i = 0; i < held.Count; i++)
            {
                if (held[i].Due <= now)
                {
                    (due ??= []).Add(held[i].Act);
                    held.RemoveAt(i--);
                }
            }
        }

        due?.ForEach(act => act());
    }
}
