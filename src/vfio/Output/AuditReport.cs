using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Cli.Output;

/// <summary>The audit for a person: the host on a line, the functions at a glance, each function's evidence, and what to do.</summary>
internal sealed class AuditReport(IAnsiConsole console)
{
    private const int MaxUnreadable = 5;

    // "Group", "not isolated" and "Table's page", and the borders of six columns.
    private const int OtherColumns = 5 + 12 + 12 + (6 * 3) + 1;

    public void Write(HostAudit audit)
    {
        WriteHost(audit);
        if (audit.Functions.IsEmpty)
        {
            console.WriteLine("No PCI functions: nothing to judge.");
            return;
        }

        if (console.IsRich() && audit.Functions.Length > 1)
        {
            WriteGlance(audit);
        }

        var function = new FunctionReport(console, audit);
        foreach (FunctionAudit each in audit.Functions)
        {
            console.WriteLine();
            function.Write(each);
        }

        WriteSummary(audit);
    }

    /// <summary>How many functions there are, and of each verdict.</summary>
    public static string Count(HostAudit audit)
    {
        int isolated = audit.Functions.Count(f => f.Isolation.Verdict == IsolationVerdict.Isolated);
        int not = audit.Functions.Count(f => f.Isolation.Verdict == IsolationVerdict.NotIsolated);
        int unknown = audit.Functions.Length - isolated - not;
        return string.Create(CultureInfo.InvariantCulture,
            $"{audit.Functions.Length} function{(audit.Functions.Length == 1 ? "" : "s")}: {isolated} isolated, {not} not isolated, {unknown} unknown");
    }

    private void WriteHost(HostAudit audit)
    {
        HostEvidence host = audit.Host;
        console.Line("Host: ", string.Create(CultureInfo.InvariantCulture,
            $"{host.Architecture ?? "unknown architecture"}, Linux {host.KernelRelease ?? "of unknown release"}, {SizeText.Format(audit.PageSize)} pages{(host.PageSizeIsAssumed && audit.PageSize == host.PageSize ? " (assumed)" : "")}"));
        foreach (PciHostBridge bridge in audit.Topology.HostBridges)
        {
            string reason = bridge.Findings is [var first, ..] ? $": {first.Text} ({first.Source})" : "";
            console.Line($"Bus {bridge.RootBus} and below: ", $"{(bridge.RootBus.HasIsolatedMsis ? "flagged MSI-isolated" : "not flagged MSI-isolated")}{reason}");
        }
    }

    private void WriteGlance(HostAudit audit)
    {
        // A line a function: where a name does not fit, IDs stand here and names with each function below.
        int Longest(Func<FunctionAudit, string?> cell) => audit.Functions.Max(function => cell(function)?.Length ?? 0);
        bool names = Longest(f => f.Address.ToString()) + Longest(f => FunctionNames.Describe(audit.Host, f.Evidence))
            + Math.Max(Longest(f => f.Evidence.Driver), "Driver".Length) + OtherColumns < console.Profile.Width;
        Table table = new Table().Border(TableBorder.Rounded).AddColumns("Address", "Function", "Driver", "Group", "MSIs", "Table's page");
        foreach (TableColumn column in table.Columns)
        {
            column.NoWrap();
        }

        foreach (FunctionAudit function in audit.Functions)
        {
            table.AddRow(
                new Text(function.Address.ToString()),
                new Text(ConsoleLines.Harmless(names ? FunctionNames.Describe(audit.Host, function.Evidence) : FunctionNames.Ids(function.Evidence))),
                new Text(ConsoleLines.Harmless(function.Evidence.Driver ?? "-")),
                new Text(function.Evidence.IommuGroup?.ToString(CultureInfo.InvariantCulture) ?? "-"),
                new Text(FunctionReport.Describe(function.Isolation.Verdict), FunctionReport.StyleOf(function.Isolation.Verdict)),
                new Text(function.Table is { } decision ? AuditJson.Camel(decision.Access) : "-"));
        }

        console.WriteLine();
        console.Write(table);
    }

    private void WriteSummary(HostAudit audit)
    {
        console.WriteLine();
        console.WriteLine($"{Count(audit)}.");
        foreach (string advice in audit.Functions.Select(f => f.Isolation.Advice).OfType<string>().Distinct())
        {
            console.Line("To isolate: ", $"{advice}.");
        }

        string unread = string.Join(", ", audit.Host.Unreadable.Take(MaxUnreadable)) + (audit.Host.Unreadable.Length > MaxUnreadable ? ", …" : "");
        if (!audit.Host.Privileged)
        {
            console.Line("Without privilege: ", $"configuration space shows 64 bytes, so most MSI-X capabilities stay unseen{(unread.Length > 0 ? $"; could not read {unread}" : "")}. Root would add where tables lie, the firmware's tables and the kernel log.");
        }
        else if (unread.Length > 0)
        {
            console.Line("Could not read ", $"{unread}.");
        }
    }
}
