using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Cli.Output;
using VfioSharp.Pci.Audit;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Cli.Html;

/// <summary>A function's BARs: what each is and, for those in memory, its pages at each page size.</summary>
internal sealed class BarMaps(HostAudit audit, PageSizes sizes)
{
    /// <summary>Writes them.</summary>
    public void Write(HtmlWriter page, FunctionAudit function)
    {
        BarResource[] bars = [.. function.Bars.Where(bar => bar.IsImplemented)];
        if (bars.Length == 0)
        {
            page.Element("p", "It has no BARs, or shows none.");
        }

        foreach (BarResource bar in bars)
        {
            page.Open("div", "bar");
            Write(page, function, bar);
            page.Close();
        }
    }

    private static string NameOf(BarResource bar) =>
        bar.Index == BarResource.RomIndex ? "ROM" : string.Create(CultureInfo.InvariantCulture, $"BAR {bar.Index}");

    private static string Word(MsixTableDecision decision) => decision.Access == MsixTableAccess.Mapped ? "mapped" : "trapped";

    private void Write(HtmlWriter page, FunctionAudit function, BarResource bar)
    {
        string length = bar.Length == 0 ? "length unknown" : SizeText.Format(bar.Length);
        page.Open("p", "what").Element("strong", NameOf(bar)).Text($" {ItemLists.NameOf(bar.Kind)}, {length}");
        MsixTableDecision[] decisions = bar.Index == BarResource.RomIndex ? []
            : [.. sizes.All.Select(size => audit.Decide(function, bar.Index, size)).OfType<MsixTableDecision>()];
        if (decisions.Length == 0)
        {
            page.Close();
            return;
        }

        // What is the same on pages of any size takes a line.
        ImmutableArray<PageRun>[] runs = [.. decisions.Select(PageMap.Of)];
        if (decisions[0].Question is { Table: null } && runs.All(run => run.Length == 1 && run[0] == runs[0][0]))
        {
            page.Text($": {PageMapTable.Describe(runs[0][0].Content)}, all {Word(decisions[0])}").Close();
            return;
        }

        page.Close();
        foreach (MsixTableDecision decision in decisions)
        {
            uint size = (uint)decision.Question.PageSize;
            page.Open("div", $"at {PageSizes.StyleClass(size)}");
            PageMapTable.Write(page, decision, $"{NameOf(bar)} on {SizeText.Format(size)} pages");
            WriteReasons(page, function, decision);
            page.Close();
        }
    }

    private static void WriteReasons(HtmlWriter page, FunctionAudit function, MsixTableDecision decision)
    {
        if (decision.Question.Table is not null)
        {
            string neighbours = string.Join(", ", function.Msix!.TablePageNeighbours((uint)decision.Question.PageSize)
                .Select(neighbour => neighbour.Kind == BarContentKind.Registers ? $"{neighbour.Range} (registers or unused)" : neighbour.ToString()));
            page.Element("p", neighbours.Length == 0 ? "The table's page holds nothing else." : $"The table's page also holds {neighbours}.");
        }

        page.Element("p", decision.Explain());
    }
}
