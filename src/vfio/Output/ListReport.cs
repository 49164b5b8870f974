using System.Globalization;
using Spectre.Console;
using VfioSharp.Linux.Binding;
using VfioSharp.Pci.Evidence;

namespace VfioSharp.Cli.Output;

/// <summary>The list of bindings for a person: a table on a terminal, a line a function in a pipe.</summary>
internal static class ListReport
{
    private const int MaxNamed = 4;

    private static readonly string[] Columns = ["Address", "Function", "Driver", "Group", "Opened through", "State"];

    public static void Write(IAnsiConsole console, HostEvidence host, IReadOnlyList<FunctionBinding> functions)
    {
        string[][] rows = [.. functions.Select(function => Cells(host, function).Select(ConsoleLines.Harmless).ToArray())];
        if (rows.Length == 0)
        {
            console.WriteLine("No function is bound to vfio-pci, and none could be ('vfio list --all' shows why).");
        }
        else if (console.IsRich())
        {
            Table table = new Table().Border(TableBorder.Rounded).AddColumns(Columns);
            table.Columns[0].NoWrap();
            Array.ForEach(rows, row => table.AddRow(row.Select(cell => new Text(cell))));
            console.Write(table);
        }
        else
        {
            int[] widths = [.. Columns.Select((title, column) => rows.Max(row => Math.Max(row[column].Length, title.Length)))];
            foreach (string[] row in rows.Prepend(Columns))
            {
                console.WriteLine(string.Join("  ", row.Select((cell, column) => cell.PadRight(widths[column]))).TrimEnd());
            }
        }
    }

    private static string[] Cells(HostEvidence host, FunctionBinding function) =>
    [
        function.Address.ToString(),
        FunctionNames.Describe(host, function.Evidence),
        (function.Evidence.Driver ?? "-") + (function.FormerDriver is { } former ? $" (was {former})" : ""),
        function.Evidence.IommuGroup?.ToString(CultureInfo.InvariantCulture) ?? "-",
        function.Nodes.IsEmpty ? "-" : string.Join(' ', function.Nodes),
        StateOf(function),
    ];

    private static string StateOf(FunctionBinding function)
    {
        if (!function.Holders.IsEmpty)
        {
            return $"open in {string.Join(", ", function.Holders)}";
        }

        if (!function.IsBound && !function.Uses.IsEmpty)
        {
            return $"in use: {string.Join("; ", function.Uses)}";
        }

        string state = function.IsBound ? "free" : "can be bound";
        return function.Assignability switch
        {
            { Blockers: [_, ..] blockers } => $"{state}; group held by {string.Join(", ", blockers.Take(MaxNamed))}{(blockers.Length > MaxNamed ? ", …" : "")}",
            { IsAssignable: false, Explanation: { } explanation } when !function.IsBound => explanation,
            _ => state,
        };
    }
}
