namespace VfioSharp.Testing.Faults;

/// <summary>Something that was made to go wrong.</summary>
/// <param name="Rule">Which rule of the plan, counted from 0.</param>
/// <param name="Occurrence">Which of the events that this rule matches, counted from 0.</param>
/// <param name="Action">What became of the event.</param>
/// <param name="Event">The event, for people.</param>
public sealed record FaultRecord(int Rule, long Occurrence, FaultAction Action, string Event)
{
    /// <inheritdoc/>
    public override string ToString() => $"rule {Rule}, event {Occurrence}: {FaultText.Name(Action)}: {Event}";
}
