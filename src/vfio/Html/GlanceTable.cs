using System.Collections.Immutable;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Html;

/// <summary>All functions at a glance: a row for those that are alike.</summary>
internal sealed class GlanceTable(HostAudit audit, ImmutableArray<AlikeFunctions> all)
{
    /// <summary>Writes the table.</summary>
    public void Write(HtmlWriter page)
    {
        page.Open("table", "wide glance").Element("caption", "Functions of which the same is true share a row.").Open("thead").Open("tr");
        foreach (string column in (ReadOnlySpan<string>)["Function", "MSIs", "Table's page"])
        {
            page.Open("th").Attribute("scope", "col").Text(column).Close();
        }

        page.Close().Close().Open("tbody");
        foreach (AlikeFunctions alike in all)
        {
            FunctionAudit function = alike.First;
            page.Open("tr").Open("th").Attribute("scope", "row").Link(alike.Anchor, alike.Title).Text(" ");
            page.Element("small", $"{FunctionNames.ClassName(function.Evidence)}: {FunctionNames.Describe(audit.Host, function.Evidence)}; "
                + (function.Evidence.Driver is { } driver ? $"driver {driver}" : "no driver")).Close();
            page.Open("td");
            VerdictMark.Write(page, function.Isolation.Verdict);
            page.Close().Open("td");
            if (function.Table is { } table)
            {
                VerdictMark.Sign(page, table.Access == MsixTableAccess.Mapped ? "✓" : "⊘");
                page.Text(table.Access == MsixTableAccess.Mapped ? "mapped" : "trapped");
            }
            else
            {
                page.Text(function.Msix is null && function.Configuration.HoldsCapabilities ? "no MSI-X" : "not known");
            }

            page.Close().Close();
        }

        page.Close().Close();
    }
}
