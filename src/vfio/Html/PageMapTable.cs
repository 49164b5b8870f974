using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Html;

/// <summary>Draws a BAR page by page: a row for each run of equal pages, with what they hold and how they are reached.</summary>
internal static class PageMapTable
{
    private const ulong MaxDrawn = 12;

    /// <summary>Draws the BAR that a decision was made about.</summary>
    public static void Write(HtmlWriter page, MsixTableDecision decision, string caption)
    {
        page.Open("table", "map").Element("caption", caption).Open("thead").Open("tr");
        foreach (string column in (ReadOnlySpan<string>)["Bytes", "Pages", "Hold", "Access"])
        {
            page.Open("th").Attribute("scope", "col").Text(column).Close();
        }

        page.Close().Close().Open("tbody");
        foreach (PageRun run in PageMap.Of(decision))
        {
            Write(page, run, decision.Question.PageSize);
        }

        page.Close().Close();
    }

    /// <summary>What a run of pages holds, in words.</summary>
    public static string Describe(PageContent content) => string.Join(" + ", Parts(content));

    private static void Write(HtmlWriter page, PageRun run, ulong pageSize)
    {
        ulong pages = ((run.Range.End - 1) / pageSize) - (run.Range.Offset / pageSize) + 1;
        page.Open("tr", run.IsMapped ? "mapped" : "trapped");
        page.Open("th").Attribute("scope", "row").Text(string.Create(CultureInfo.InvariantCulture, $"0x{run.Range.Offset:x}")).Open("wbr").CloseVoid()
            .Text(string.Create(CultureInfo.InvariantCulture, $"–0x{run.Range.End - 1:x}")).Close();

        string drawn = Math.Min(pages, MaxDrawn).ToString(CultureInfo.InvariantCulture);
        page.Open("td").Open("span", $"cells {Stripes(run.Content)}{(pages > MaxDrawn ? " more" : "")}").Attribute("style", $"--n:{drawn}").Attribute("aria-hidden", "true").Close()
            .Text(pages.ToString(CultureInfo.InvariantCulture)).Close();
        page.Element("td", Describe(run.Content));
        page.Open("td");
        VerdictMark.Sign(page, run.IsMapped ? "✓" : "⊘");
        page.Text(run.IsMapped ? "mapped" : "trapped").Close().Close();
    }

    // A stripe for each thing that a page holds: r, t, p or several of them.
    private static string Stripes(PageContent content) =>
        (content.HasFlag(PageContent.Registers) ? "r" : "") + (content.HasFlag(PageContent.Table) ? "t" : "") + (content.HasFlag(PageContent.Pba) ? "p" : "");

    private static ImmutableArray<string> Parts(PageContent content)
    {
        ImmutableArray<string>.Builder parts = ImmutableArray.CreateBuilder<string>();
        foreach ((PageContent part, string name) in (ReadOnlySpan<(PageContent, string)>)[(PageContent.Registers, "registers"), (PageContent.Table, "table"), (PageContent.Pba, "PBA")])
        {
            if (content.HasFlag(part))
            {
                parts.Add(name);
            }
        }

        return parts.ToImmutable();
    }
}
