using System.Globalization;
using Spectre.Console;
using VfioSharp.Cli.Fleet;
using VfioSharp.Pci.Isolation;

namespace VfioSharp.Cli.Output;

/// <summary>Many hosts for a person: by hardware, and within it by what differs.</summary>
internal sealed class FleetReport(IAnsiConsole console)
{
    private const int MaxNamed = 8;

    public void Write(FleetReading reading)
    {
        foreach (FleetGroup group in FleetGroup.Of(reading.Hosts))
        {
            Write(group);
            console.WriteLine();
        }

        foreach (string problem in reading.Problems)
        {
            console.Line("unreadable  ", problem, new Style(Color.Yellow));
        }

        if (!reading.Problems.IsEmpty)
        {
            console.WriteLine();
        }

        console.Line("", Sum(reading));
        var advices = reading.Hosts.SelectMany(host => host.Functions.Select(function => (host.Name, function.Advice))).Where(each => each.Advice is not null)
            .GroupBy(each => each.Advice!, each => each.Name).Select(same => (Advice: same.Key, Hosts: same.Distinct().Count()))
            .OrderByDescending(advice => advice.Hosts).ThenBy(advice => advice.Advice, StringComparer.Ordinal);
        foreach ((string advice, int hosts) in advices)
        {
            console.Line(string.Create(CultureInfo.InvariantCulture, $"To isolate {Count(hosts)}: "), $"{advice}.");
        }
    }

    private void Write(FleetGroup group)
    {
        FleetHost first = group.Hosts[0];
        console.Line("", string.Create(CultureInfo.InvariantCulture, $"{Count(group.Hosts.Length)}: {group.Architecture}, {first.Functions.Length} functions: {Describe(first)}"),
            new Style(decoration: Decoration.Bold));
        foreach (FleetVariant variant in group.Variants)
        {
            Color colour = variant.Verdict switch { IsolationVerdict.Isolated => Color.Green, IsolationVerdict.NotIsolated => Color.Red, _ => Color.Yellow };
            console.Line(string.Create(CultureInfo.InvariantCulture, $"{variant.Hosts.Length,6}  "),
                $"{Word(variant.Verdict)}; Linux {variant.Kernel}; {variant.Platform}{(variant.Reason is { } reason ? $": {reason}" : "")}", new Style(colour));
            if (variant.Verdict != IsolationVerdict.Isolated || group.Variants.Length > 1)
            {
                console.Line("        ", Names(variant));
            }
        }
    }

    private static string Names(FleetVariant variant)
    {
        string named = string.Join(", ", variant.Hosts.Take(MaxNamed).Select(host => host.Name));
        return variant.Hosts.Length > MaxNamed ? string.Create(CultureInfo.InvariantCulture, $"{named} and {variant.Hosts.Length - MaxNamed} more (--ndjson has all)") : named;
    }

    // What tells a person which machines these are: what is rare on a board says more than its bridges.
    private static string Describe(FleetHost host)
    {
        string[] kinds = [.. host.Functions.Where(function => !function.Kind.Contains("bridge", StringComparison.OrdinalIgnoreCase))
            .GroupBy(function => $"{function.Kind} [{function.Id}]").Select(same => same.Count() > 1 ? string.Create(CultureInfo.InvariantCulture, $"{same.Key} x{same.Count()}") : same.Key)];
        return kinds.Length == 0 ? "bridges alone" : string.Join(", ", kinds.Take(MaxNamed)) + (kinds.Length > MaxNamed ? ", …" : "");
    }

    private static string Sum(FleetReading reading)
    {
        int Of(IsolationVerdict verdict) => reading.Hosts.Count(host => host.Verdict == verdict);
        string unreadable = reading.Problems.IsEmpty ? "" : string.Create(CultureInfo.InvariantCulture, $", {reading.Problems.Length} unreadable");
        return string.Create(CultureInfo.InvariantCulture,
            $"{Count(reading.Hosts.Length)}: {Of(IsolationVerdict.Isolated)} isolated, {Of(IsolationVerdict.NotIsolated)} not isolated, {Of(IsolationVerdict.Unknown)} unknown{unreadable}.");
    }

    private static string Count(int hosts) => string.Create(CultureInfo.InvariantCulture, $"{hosts} host{(hosts == 1 ? "" : "s")}");

    private static string Word(IsolationVerdict verdict) => verdict switch
    {
        IsolationVerdict.Isolated => "isolated",
        IsolationVerdict.NotIsolated => "not isolated",
        _ => "unknown",
    };
}
