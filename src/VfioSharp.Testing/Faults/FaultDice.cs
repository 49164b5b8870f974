namespace VfioSharp.Testing.Faults;

/// <summary>Decides what goes wrong by a plan, on one side of it. Any thread.</summary>
internal sealed class FaultDice
{
    private readonly Lock gate = new();
    private readonly FaultPlan plan;
    private readonly long[] matched;
    private readonly long[] thrown;

    /// <exception cref="ArgumentException">A rule cannot be followed.</exception>
    public FaultDice(FaultPlan plan)
    {
        foreach (FaultRule rule in plan.Rules)
        {
            rule.Check();
        }

        this.plan = plan;
        matched = new long[plan.Rules.Length];
        thrown = new long[plan.Rules.Length];
        Log = new FaultLog(plan);
    }

    public FaultPlan Plan => plan;

    public FaultLog Log { get; }

    /// <summary>Asks about an event; null where it goes well. Each rule counts all events that it matches, whichever rule decides.</summary>
    public Fault? Throw(in FaultEvent what)
    {
        if (!plan.Concerns(what.Target))
        {
            return null;
        }

        Fault? result = null;
        lock (gate)
        {
            for (int i = 0; i < matched.Length; i++)
            {
                FaultRule rule = plan.Rules[i];
                if (!rule.Matches(what))
                {
                    continue;
                }

                long occurrence = matched[i]++;
                ulong bits = Mix(Mix(plan.Seed + (ulong)i) + (ulong)occurrence);
                if (result is null && occurrence >= rule.Skip && (rule.Limit is not { } limit || thrown[i] < limit) && bits % (uint)rule.OneIn == 0)
                {
                    thrown[i]++;
                    result = new Fault(rule, Mix(bits));
                    Log.Add(new FaultRecord(i, occurrence, rule.Action, what.ToString()));
                }
            }
        }

        return result;
    }

    // SplitMix64's step and finaliser: the same on every runtime.
    private static ulong Mix(ulong value)
    {
        ulong z = value + 0x9E3779B97F4A7C15;
        z = (z ^ (z >> 30)) * 0xBF58476D1CE4E5B9;
        z = (z ^ (z >> 27)) * 0x94D049BB133111EB;
        return z ^ (z >> 31);
    }
}
