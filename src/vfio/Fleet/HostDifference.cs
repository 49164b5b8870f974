using System.Collections.Immutable;
using System.Globalization;

namespace VfioSharp.Cli.Fleet;

/// <summary>What differs between two audits, as a rule of one host before and after a change of firmware or kernel.</summary>
internal sealed record HostDifference
{
    private HostDifference(FleetHost before, FleetHost after)
    {
        Before = before;
        After = after;
        Host =
        [
            .. FieldChange.Of(
                ("architecture", before.Architecture, after.Architecture),
                ("kernel", before.Kernel, after.Kernel),
                ("pageSize", before.PageSize.ToString(CultureInfo.InvariantCulture), after.PageSize.ToString(CultureInfo.InvariantCulture)),
                ("privileged", before.IsPrivileged ? "true" : "false", after.IsPrivileged ? "true" : "false")),
        ];
        Dictionary<string, FleetFunction> later = after.Functions.ToDictionary(function => function.Address);
        HashSet<string> earlier = [.. before.Functions.Select(function => function.Address)];
        Functions =
        [
            .. before.Functions.Select(function => FunctionChange.Of(function, later.GetValueOrDefault(function.Address)))
                .Concat(after.Functions.Where(function => !earlier.Contains(function.Address)).Select(function => FunctionChange.Of(null, function)))
                .OfType<FunctionChange>()
                .OrderBy(change => change.Function.Address, StringComparer.Ordinal),
        ];
        Unchanged = before.Functions.Count(function => later.ContainsKey(function.Address)) - Functions.Count(change => change is { Before: not null, After: not null });
    }

    /// <summary>The first.</summary>
    public FleetHost Before { get; }

    /// <summary>The second.</summary>
    public FleetHost After { get; }

    /// <summary>What differs about the hosts themselves.</summary>
    public ImmutableArray<FieldChange> Host { get; }

    /// <summary>The functions that differ, by address.</summary>
    public ImmutableArray<FunctionChange> Functions { get; }

    /// <summary>How many functions are in both, and do not differ.</summary>
    public int Unchanged { get; }

    /// <summary>Whether nothing differs.</summary>
    public bool IsEmpty => Host.IsEmpty && Functions.IsEmpty;

    /// <summary>Compares two audits.</summary>
    /// <exception cref="InvalidDataException">One of them has a function twice.</exception>
    public static HostDifference Of(FleetHost before, FleetHost after)
    {
        foreach (FleetHost host in (FleetHost[])[before, after])
        {
            if (host.Functions.GroupBy(function => function.Address).FirstOrDefault(same => same.Count() > 1) is { } twice)
            {
                throw new InvalidDataException($"{host.Name}: it has {twice.Key} twice");
            }
        }

        return new HostDifference(before, after);
    }
}
