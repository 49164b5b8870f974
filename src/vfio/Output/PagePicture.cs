using System.Collections.Immutable;
using System.Globalization;
using Spectre.Console;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Cli.Output;

/// <summary>Draws a BAR page by page: a line for each run of equal pages, with what they hold and how they are reached.</summary>
internal sealed class PagePicture(IAnsiConsole console)
{
    private const int MaxPages = 24;

    /// <summary>Draws the BAR that a decision was made about.</summary>
    public void Write(MsixTableDecision decision, string before = "")
    {
        MsixTableQuestion question = decision.Question;
        console.Line("", $"{before}{SizeText.Format(question.PageSize)} pages, {Word(decision)}", new Style(decoration: Decoration.Bold));
        int width = question.Bar.End.ToString("x", CultureInfo.InvariantCulture).Length + 2;
        ImmutableArray<PageRun> runs = PageMap.Of(decision);
        int widest = runs.Max(run => Describe(run.Content).Length);
        foreach (PageRun run in runs)
        {
            ulong pages = ((run.Range.End - 1) / question.PageSize) - (run.Range.Offset / question.PageSize) + 1;
            string range = $"0x{run.Range.Offset.ToString("x", CultureInfo.InvariantCulture)}".PadLeft(width)
                + " - " + $"0x{(run.Range.End - 1).ToString("x", CultureInfo.InvariantCulture)}".PadLeft(width);
            string holds = Describe(run.Content).PadRight(widest);
            Style style = new(run.IsMapped ? Color.Green : Color.Yellow);
            string label = $"  {range}  {holds}  ";
            string access = run.IsMapped ? "mapped " : "trapped";
            int room = console.Profile.Width - label.Length - access.Length - "  ".Length - 1;
            console.Line(label, $"{access}  {Pages(run, pages, room)}".TrimEnd(), style);
        }
    }

    private static string Word(MsixTableDecision decision) => $"{AuditJson.Camel(decision.Access)} ({AuditJson.Camel(decision.Reason)})";

    // One cell a page, as many as the line bears, and their number.
    private static string Pages(PageRun run, ulong pages, int room)
    {
        string count = string.Create(CultureInfo.InvariantCulture, $"{pages} page{(pages == 1 ? "" : "s")}");
        int drawn = (int)Math.Min(pages, (ulong)Math.Clamp(room - count.Length - "[…] ".Length, 0, MaxPages));
        char cell = run.Content.HasFlag(PageContent.Table) ? 'T' : run.Content.HasFlag(PageContent.Pba) ? 'P' : 'r';
        return drawn > 0 ? $"[{new string(cell, drawn)}{(pages > (ulong)drawn ? "…" : "")}] {count}" : count.Length <= room ? count : "";
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
