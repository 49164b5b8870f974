using System.Globalization;
using Spectre.Console;
using VfioSharp.Cli.Fleet;

namespace VfioSharp.Cli.Output;

/// <summary>What differs between two audits, for a person: what became less isolated first.</summary>
internal sealed class DifferenceReport(IAnsiConsole console)
{
    public void Write(HostDifference difference)
    {
        console.Line("before  ", Describe(difference.Before));
        console.Line("after   ", Describe(difference.After));
        console.WriteLine();
        foreach (FieldChange change in difference.Host)
        {
            console.Line($"{change.Field,-12}  ", Arrow(change));
        }

        foreach (FunctionChange change in difference.Functions.OrderBy(change => change.Direction is 0 ? 2 : change.Direction))
        {
            Write(change);
        }

        console.Line("", difference.IsEmpty ? "Nothing differs." : Sum(difference));
        foreach (string advice in difference.Functions.Where(change => change.Direction < 0).Select(change => change.Function.Advice).OfType<string>().Distinct())
        {
            console.Line("To isolate: ", $"{advice}.");
        }
    }

    private static string Describe(FleetHost host) => string.Create(CultureInfo.InvariantCulture,
        $"{host.Name}: {host.Architecture ?? "unknown architecture"}, Linux {host.Kernel ?? "unknown"}, {SizeText.Format((ulong)host.PageSize)} pages, {host.Functions.Length} functions");

    private static string Arrow(FieldChange change) => $"{change.Before ?? "none"} -> {change.After ?? "none"}";

    private static string Sum(HostDifference difference)
    {
        int Count(Func<FunctionChange, bool> which) => difference.Functions.Count(which);
        string[] parts =
        [
            .. Part(Count(change => change.Direction < 0), "less isolated"),
            .. Part(Count(change => change.Direction > 0), "more isolated"),
            .. Part(Count(change => change is { Direction: 0, Before: not null, After: not null }), "different otherwise"),
            .. Part(Count(change => change.After is null), "gone"),
            .. Part(Count(change => change.Before is null), "new"),
            .. Part(difference.Unchanged, "the same"),
        ];
        return $"Functions: {string.Join(", ", parts)}.";

        static string[] Part(int count, string what) => count > 0 ? [string.Create(CultureInfo.InvariantCulture, $"{count} {what}")] : [];
    }

    private void Write(FunctionChange change)
    {
        FleetFunction function = change.Function;
        string state = change.After is null ? ": gone" : change.Before is null ? $": new, {AuditJson.Camel(function.Verdict)}" : "";
        Color? colour = change.Direction < 0 ? Color.Red : change.Direction > 0 ? Color.Green : null;
        console.Line("", $"{function.Address} {function.Kind} [{function.Id}]{state}", colour is { } marked ? new Style(marked) : (Style?)null);
        foreach (FieldChange field in change.Fields)
        {
            console.Line($"  {field.Field,-13}  ", Arrow(field));
        }

        if (change.Direction != 0 && function.Reason is { } reason)
        {
            console.Line("  because        ", reason);
        }
    }
}
