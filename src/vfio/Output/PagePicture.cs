using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>Draws a BAR page by page: a line for each run of equal pages, with what they hold and how they are reached.</summary>
internal sealed class PagePicture(IAnsiConsole console)
{
    private const int MaxPages = 24;

    public void Write(MsixTableDecision decision)
    {
        MsixTableQuestion question = decision.Question;
        console.Write(new Text($"{SizeText.Format(question.PageSize)} pages, {Word(decision)}\n", new Style(decoration: Decoration.Bold)));
        int width = question.Bar.End.ToString("x", CultureInfo.InvariantCulture).Length + 2;
        foreach (PageRun run in PageMap.Of(decision))
        {
            ulong pages = ((run.Range.End - 1) / question.PageSize) - (run.Range.Offset / question.PageSize) + 1;
            string range = $"0x{run.Range.Offset.ToString("x", CultureInfo.InvariantCulture)}".PadLeft(width)
                + " - " + $"0x{(run.Range.End - 1).ToString("x", CultureInfo.InvariantCulture)}".PadLeft(width);
            string holds = Describe(run.Content).PadRight(24);
            Style style = new(run.IsMapped ? Color.Green : Color.Yellow);
            console.Write(new Text($"  {range}  {holds}  "));
            console.Write(new Text($"{(run.IsMapped ? "mapped " : "trapped")}  {Bar(run, pages)}\n", style));
        }
    }

    private static string Word(MsixTableDecision decision) => $"{AuditJson.Camel(decision.Access)} ({AuditJson.Camel(decision.Reason)})";

    // One cell a page, as many as a line bears; the letters are the legend.
    private static string Bar(PageRun run, ulong pages)
    {
        char cell = run.Content.HasFlag(PageContent.Table) ? 'T' : run.Content.HasFlag(PageContent.Pba) ? 'P' : 'r';
        string cells = new(cell, (int)Math.Min(pages, MaxPages));
        return string.Create(CultureInfo.InvariantCulture, $"[{cells}{(pages > MaxPages ? "…" : "")}] {pages} page{(pages == 1 ? "" : "s")}");
    }

    private static string Describe(PageContent content)
    {
        var parts = new List<string>(3);
        if (content.HasFlag(PageContent.Registers))
        {
            parts.Add("registers");
        }

        if (content.HasFlag(PageContent.Table))
        {
            parts.Add("table");
        }

        if (content.HasFlag(PageContent.Pba))
        {
            parts.Add("PBA");
        }

        return string.Join(" + ", parts);
    }
}
