namespace VfioSharp.Testing.Faults;

/// <summary>What a plan did, for a test that failed to show. Any thread.</summary>
public sealed class FaultLog
{
    /// <summary>So many records are kept; later ones are only counted.</summary>
    public const int MaxRecords = 10_000;

    private readonly Lock gate = new();
    private readonly List<FaultRecord> records = [];
    private readonly FaultPlan plan;
    private long count;

    internal FaultLog(FaultPlan plan) => this.plan = plan;

    /// <summary>How often something was made to go wrong.</summary>
    public long Count => Volatile.Read(ref count);

    /// <summary>What went wrong so far, rule by rule and in each by occurrence: that order does not depend on which thread came first.</summary>
    public IReadOnlyList<FaultRecord> Read()
    {
        lock (gate)
        {
            return [.. records.OrderBy(record => record.Rule).ThenBy(record => record.Occurrence)];
        }
    }

    /// <summary>The plan, and a line for each thing that went wrong.</summary>
    public override string ToString() => string.Join('\n', Read().Select(record => record.ToString()).Prepend($"{plan}: {Count} faults"));

    internal void Add(FaultRecord record)
    {
        lock (gate)
        {
            count++;
            if (records.Count < MaxRecords)
            {
                records.Add(record);
            }
        }
    }
}
