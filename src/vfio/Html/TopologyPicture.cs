using System.Globalization;
using VfioSharp.Pci.Addressing;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Isolation;
using VfioSharp.Pci.Naming;
using VfioSharp.Pci.Topology;

namespace VfioSharp.Cli.Html;

/// <summary>
/// The topology as nested lists, which the style draws as boxes and lines: a picture for those who see it, and the same structure for those
/// who hear it. A bus's line is solid where the bus has the MSI-isolated flag and dashed where it has not.
/// </summary>
internal sealed class TopologyPicture
{
    // Deeper buses follow on their own, so that neither a phone's width nor a browser's limit on nesting is exceeded.
    private const int MaxDepth = 6;

    // More functions than this on a bus are folded away behind their counts.
    private const int MaxUnfolded = 32;

    private readonly HostAudit audit;
    private readonly IReadOnlyDictionary<PciAddress, AlikeFunctions> cards;
    private readonly Dictionary<PciAddress, FunctionAudit> audited;
    private readonly ILookup<PciBus, PciNode> shown;
    private readonly Dictionary<PciAddress, PciBus> behind = [];
    private readonly Queue<PciBus> deeper = [];

    public TopologyPicture(HostAudit audit, IReadOnlyDictionary<PciAddress, AlikeFunctions> cards)
    {
        this.audit = audit;
        this.cards = cards;
        audited = audit.Functions.ToDictionary(function => function.Address);

        // What was asked about, and the bridges above it.
        var nodes = new HashSet<PciNode>();
        foreach (FunctionAudit function in audit.Functions)
        {
            for (PciNode? node = function.Node; node is not null && nodes.Add(node); node = node.Bus.Bridge)
            {
                if (node.Bus.Bridge is { } bridge)
                {
                    behind[bridge.Address] = node.Bus;
                }
            }
        }

        shown = nodes.OrderBy(node => node.Address).ToLookup(node => node.Bus);
    }

    /// <summary>Writes every segment.</summary>
    public void Write(HtmlWriter page)
    {
        foreach (IGrouping<uint, PciHostBridge> segment in audit.Topology.HostBridges.Where(bridge => shown.Contains(bridge.RootBus)).GroupBy(bridge => bridge.Segment))
        {
            page.Element("h3", string.Create(CultureInfo.InvariantCulture, $"Segment {segment.Key:x4}"));
            page.Open("ul", "tree");
            foreach (PciHostBridge bridge in segment)
            {
                page.Open("li");
                WriteBus(page, bridge.RootBus, 0);
                page.Close();
                while (deeper.TryDequeue(out PciBus? bus))
                {
                    page.Open("li");
                    WriteBus(page, bus, 0);
                    page.Close();
                }
            }

            page.Close();
        }
    }

    private static void WriteHead(HtmlWriter page, PciBus bus)
    {
        page.Open("p", "head").Element("strong", bus.Parent is null ? $"Root bus {bus}" : $"Bus {bus}");
        if (bus.Bridge is { } bridge)
        {
            page.Text($" behind {bridge.Address}");
        }

        page.Text(" ").Open("span", bus.HasIsolatedMsis ? "flag on" : "flag");
        VerdictMark.Sign(page, bus.HasIsolatedMsis ? "⚑" : "⚐");
        page.Text((bus.HasIsolatedMsis, bus.Parent) switch
        {
            (true, null) => "MSI-isolated flag set",
            (false, null) => "no MSI-isolated flag",
            (true, { } parent) => $"flag inherited from {parent}",
            (false, { } parent) => $"no flag to inherit from {parent}",
        }).Close().Close();
        if (bus.Parent is null && bus.HostBridge.Findings is [var reason, ..])
        {
            page.Open("p", "why").Text(reason.Text).Text(" ").Element("code", reason.Source).Close();
        }
    }

    private void WriteBus(HtmlWriter page, PciBus bus, int depth)
    {
        page.Open("div", bus.HasIsolatedMsis ? "bus flagged" : "bus");
        WriteHead(page, bus);
        ILookup<bool, PciNode> nodes = shown[bus].ToLookup(node => behind.ContainsKey(node.Address));
        PciNode[] leaves = [.. nodes[false]];
        if (leaves.Length > MaxUnfolded)
        {
            page.Open("details").Open("summary").Text(string.Create(CultureInfo.InvariantCulture, $"{leaves.Length} functions "));
            WriteCounts(page, leaves);
            page.Close();
            WriteTiles(page, bus, leaves);
            page.Close();
        }
        else if (leaves.Length > 0)
        {
            WriteTiles(page, bus, leaves);
        }

        if (nodes[true].Any())
        {
            page.Open("ul", "bridges");
            foreach (PciNode bridge in nodes[true])
            {
                page.Open("li");
                WriteTile(page, bus, bridge);
                if (depth < MaxDepth)
                {
                    WriteBus(page, behind[bridge.Address], depth + 1);
                }
                else
                {
                    deeper.Enqueue(behind[bridge.Address]);
                    page.Element("p", $"Bus {behind[bridge.Address]} follows below.", "why");
                }

                page.Close();
            }

            page.Close();
        }

        page.Close();
    }

    private void WriteCounts(HtmlWriter page, PciNode[] nodes)
    {
        foreach (IGrouping<IsolationVerdict, PciNode> same in nodes.Where(node => audited.ContainsKey(node.Address))
            .GroupBy(node => audited[node.Address].Isolation.Verdict).OrderBy(same => same.Key))
        {
            page.Open("span", $"badge {VerdictMark.StyleClass(same.Key)}");
            VerdictMark.Sign(page, VerdictMark.Sign(same.Key));
            page.Text(string.Create(CultureInfo.InvariantCulture, $"{same.Count()} {Output.FunctionReport.Describe(same.Key)}")).Close().Text(" ");
        }
    }

    private void WriteTiles(HtmlWriter page, PciBus bus, PciNode[] nodes)
    {
        page.Open("ul", nodes.Length > MaxUnfolded ? "tiles small" : "tiles");
        foreach (PciNode node in nodes)
        {
            page.Open("li");
            WriteTile(page, bus, node, brief: nodes.Length > MaxUnfolded);
            page.Close();
        }

        page.Close();
    }

    private void WriteTile(HtmlWriter page, PciBus bus, PciNode node, bool brief = false)
    {
        PciAddress address = node.Address;
        string place = address.Bus == bus.Number ? $"{address.Device:x2}.{address.Function}" : $"{address.Bus:x2}:{address.Device:x2}.{address.Function}";
        string group = GroupOf(node);
        if (!audited.TryGetValue(address, out FunctionAudit? function))
        {
            page.Open("span", "tile").Element("b", place).Text(" not asked about").Close();
            return;
        }

        IsolationVerdict verdict = function.Isolation.Verdict;
        page.Open("a", $"tile {VerdictMark.StyleClass(verdict)}").Attribute("href", $"#{cards[address].Anchor}").Element("b", place).Text(" ");
        page.Element("i", Output.FunctionReport.Describe(verdict));
        if (brief)
        {
            page.Text(" ").Element("small", group).Close();
            return;
        }

        page.Text(" ").Element("span", ClassNames.Of(node.Evidence.ClassCode)).Text(" ");
        page.Element("small", $"{(node.Evidence.Driver is { } driver ? driver : "no driver")} · {group}").Close();
    }

    private string GroupOf(PciNode node) => node.Evidence.IommuGroup is not { } group ? "no group"
        : string.Create(CultureInfo.InvariantCulture, $"group {group}{(audit.Topology.MembersOf(group).Length > 1 ? ", shared" : "")}");

}
