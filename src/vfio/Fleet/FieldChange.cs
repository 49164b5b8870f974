namespace VfioSharp.Cli.Fleet;

/// <summary>Something that two hosts, or two looks at one, say differently.</summary>
/// <param name="Field">Which, as JSON names it.</param>
/// <param name="Before">What the first says; null where it says nothing.</param>
/// <param name="After">What the second says.</param>
internal readonly record struct FieldChange(string Field, string? Before, string? After)
{
    /// <summary>The fields that differ, in order.</summary>
    public static IEnumerable<FieldChange> Of(params ReadOnlySpan<(string Field, string? Before, string? After)> fields)
    {
        var changes = new List<FieldChange>();
        foreach ((string field, string? before, string? after) in fields)
        {
            if (before != after)
            {
                changes.Add(new FieldChange(field, before, after));
            }
        }

        return changes;
    }
}
