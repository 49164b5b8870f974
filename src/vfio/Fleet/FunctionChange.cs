using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Fleet;

/// <summary>A function that differs between two audits.</summary>
/// <param name="Before">In the first; null where it is not there.</param>
/// <param name="After">In the second; null where it is not there any more.</param>
/// <param name="Fields">What differs, where it is in both.</param>
internal sealed record FunctionChange(FleetFunction? Before, FleetFunction? After, ImmutableArray<FieldChange> Fields)
{
    /// <summary>The function, as it is now where it is there.</summary>
    public FleetFunction Function => After ?? Before!;

    /// <summary>Whether it became less isolated (below 0), or more (above 0); 0 where it is not in both.</summary>
    public int Direction => Before is null || After is null ? 0 : Math.Sign(Rank(After.Verdict) - Rank(Before.Verdict));

    /// <summary>Compares a function with itself; null where nothing differs.</summary>
    public static FunctionChange? Of(FleetFunction? before, FleetFunction? after)
    {
        if (before is null || after is null)
        {
            return new FunctionChange(before, after, []);
        }

        ImmutableArray<FieldChange> fields =
        [
            .. FieldChange.Of(
                ("verdict", AuditJson.Camel(before.Verdict), AuditJson.Camel(after.Verdict)),
                ("kernelAccepts", Text(before.KernelAccepts), Text(after.KernelAccepts)),
                ("table", before.Table, after.Table),
                ("assignable", Text(before.Assignable), Text(after.Assignable)),
                ("driver", before.Driver, after.Driver),
                ("iommuGroup", before.Group?.ToString(CultureInfo.InvariantCulture), after.Group?.ToString(CultureInfo.InvariantCulture)),
                ("platform", before.Platform, after.Platform),
                ("id", before.Id, after.Id)),
        ];
        return fields.IsEmpty ? null : new FunctionChange(before, after, fields);
    }

    private static string? Text(bool? value) => value switch { true => "true", false => "false", null => null };

    private static int Rank(IsolationVerdict verdict) => verdict switch { IsolationVerdict.NotIsolated => 0, IsolationVerdict.Unknown => 1, _ => 2 };
}
