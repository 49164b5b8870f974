using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Evidence;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Cli.Html;

/// <summary>The IOMMU groups that hold more than one device: what is attached, and judged, together.</summary>
internal sealed class GroupTable(HostAudit audit)
{
    private const int MaxNamed = 24;

    /// <summary>Writes the table and what is to be said beside it.</summary>
    public void Write(HtmlWriter page)
    {
        Dictionary<int, FunctionAudit> first = [];
        foreach (FunctionAudit function in audit.Functions)
        {
            if (function.Evidence.IommuGroup is { } group)
            {
                first.TryAdd(group, function);
            }
        }

        int[] shared = [.. first.Keys.Where(group => Members(group) > 1).Order()];
        int none = audit.Functions.Count(function => function.Evidence.IommuGroup is null);
        page.Element("p", "VFIO attaches whole groups, and a group is as isolated as its worst member.");
        if (shared.Length > 0)
        {
            page.Open("table", "wide").Element("caption", "Groups with several members").Open("thead").Open("tr");
            foreach (string column in (ReadOnlySpan<string>)["Group", "MSIs", "Members"])
            {
                page.Open("th").Attribute("scope", "col").Text(column).Close();
            }

            page.Close().Close().Open("tbody");
            foreach (int group in shared)
            {
                WriteRow(page, group, first[group].Isolation.Verdict);
            }

            page.Close().Close();
        }

        page.Open("ul");
        page.Element("li", $"Groups with a single member: {Count(first.Count - shared.Length)}.");
        page.Element("li", $"Functions in no group, which cannot be assigned: {Count(none)}.");
        page.Close();
    }

    private static string Count(int number) => number == 0 ? "none" : number.ToString(CultureInfo.InvariantCulture);

    private int Members(int group) => audit.Topology.MembersOf(group).Length + Others(group).Length;

    private ImmutableArray<KeyValuePair<string, string?>> Others(int group) =>
        audit.Host.Groups.GetValueOrDefault(group) is IommuGroupEvidence evidence ? evidence.OtherMembers : [];

    private void WriteRow(HtmlWriter page, int group, IsolationVerdict verdict)
    {
        ImmutableArray<PciNode> functions = audit.Topology.MembersOf(group);
        page.Open("tr").Open("th").Attribute("scope", "row").Text(group.ToString(CultureInfo.InvariantCulture)).Close().Open("td");
        VerdictMark.Write(page, verdict);
        page.Close().Open("td");
        string[] named = [.. functions.Select(node => node.Address.ToString()).Concat(Others(group).Select(other => other.Key))];
        page.Text(string.Join(", ", named.Take(MaxNamed)));
        if (named.Length > MaxNamed)
        {
            page.Text(string.Create(CultureInfo.InvariantCulture, $" and {named.Length - MaxNamed} more"));
        }

        page.Close().Close();
    }
}
