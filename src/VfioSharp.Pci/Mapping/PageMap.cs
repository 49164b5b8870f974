using System.Collections.Immutable;

namespace VfioSharp.Pci.Mapping;

/// <summary>A BAR page by page, for a picture: what each page holds and how it is reached, equal neighbours put together.</summary>
public static class PageMap
{
    /// <summary>Lays out the BAR that a decision was made about.</summary>
    public static ImmutableArray<PageRun> Of(MsixTableDecision decision)
    {
        ArgumentNullException.ThrowIfNull(decision);
        MsixTableQuestion question = decision.Question;
        var grid = new PageGrid(question.Bar, question.PageSize);
        ByteRange table = question.Table ?? default;
        ByteRange pba = (question.Pba ?? default).Intersect(question.Bar);

        // Between two of these, every page is like the next.
        var edges = new SortedSet<ulong> { 0, question.Bar.End };
        foreach (ByteRange range in decision.Mapped.Add(table).Add(pba).Where(range => !range.IsEmpty))
        {
            edges.UnionWith([grid.Floor(range.Offset), grid.Ceiling(range.Offset), grid.Floor(range.End), grid.Ceiling(range.End)]);
        }

        ImmutableArray<ByteRange> known = RangeList.Union([table, pba]);
        ImmutableArray<PageRun>.Builder runs = ImmutableArray.CreateBuilder<PageRun>();
        foreach ((ulong start, ulong end) in edges.Zip(edges.Skip(1)))
        {
            ByteRange pages = ByteRange.FromBounds(start, end);
            PageContent content = (RangeList.Subtract(pages, known).IsEmpty ? PageContent.None : PageContent.Registers)
                | (pages.Overlaps(table) ? PageContent.Table : PageContent.None)
                | (pages.Overlaps(pba) ? PageContent.Pba : PageContent.None);
            bool mapped = decision.Mapped.Any(range => range.Contains(pages));
            if (runs.Count > 0 && runs[^1] is var last && last.Content == content && last.IsMapped == mapped)
            {
                runs[^1] = last with { Range = ByteRange.FromBounds(last.Range.Offset, end) };
            }
            else
            {
                runs.Add(new PageRun(pages, content, mapped));
            }
        }

        return runs.ToImmutable();
    }
}
