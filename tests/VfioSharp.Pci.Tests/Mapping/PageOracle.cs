using System.Collections.Immutable;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.Pci.Tests.Mapping;

/// <summary>What is to be mapped of a small BAR, worked out by marking every byte in plain loops: no rounding, no range arithmetic.</summary>
internal sealed class PageOracle
{
    private readonly int barLength;
    private readonly int pageSize;
    private readonly bool[] offered;
    private readonly bool[] table;
    private readonly bool[] pba;

    public PageOracle(MsixTableQuestion question)
    {
        barLength = (int)question.Bar.Length;
        pageSize = (int)question.PageSize;
        offered = Mark(question.Backend);
        table = Mark(question.Table is { } t ? [t] : []);
        pba = Mark(question.Pba is { } p ? [p] : []);
    }

    public int Pages => (barLength / pageSize) + (barLength % pageSize == 0 ? 0 : 1);

    public bool IsOffered(int page) => All(offered, page);

    public bool HoldsTable(int page) => Any(table, page);

    /// <summary>Whether nothing can be mapped.</summary>
    public bool NothingOffered => !Enumerable.Range(0, Pages).Any(IsOffered);

    /// <summary>Whether a page of the table is not offered whole.</summary>
    public bool TableHidden => Enumerable.Range(0, Pages).Any(page => HoldsTable(page) && !IsOffered(page));

    public ImmutableArray<ByteRange> Mapped(bool tableToo) => Runs(page => IsOffered(page) && (tableToo || !HoldsTable(page)));

    public ImmutableArray<ByteRange> Trapped(bool tableToo) => Runs(page => !(IsOffered(page) && (tableToo || !HoldsTable(page))));

    public PageContent Content(int page)
    {
        PageContent content = PageContent.None;
        for (int at = page * pageSize; at < barLength && at < (page + 1) * pageSize; at++)
        {
            content |= table[at] ? PageContent.Table : PageContent.None;
            content |= pba[at] ? PageContent.Pba : PageContent.None;
            content |= table[at] || pba[at] ? PageContent.None : PageContent.Registers;
        }

        return content;
    }

    private bool[] Mark(IEnumerable<ByteRange> ranges)
    {
        var marks = new bool[barLength];
        foreach (ByteRange range in ranges)
        {
            for (ulong at = range.Offset; at < range.End && at < (ulong)barLength; at++)
            {
                marks[at] = true;
            }
        }

        return marks;
    }

    private bool Any(bool[] marks, int page)
    {
        for (int at = page * pageSize; at < barLength && at < (page + 1) * pageSize; at++)
        {
            if (marks[at])
            {
                return true;
            }
        }

        return false;
    }

    private bool All(bool[] marks, int page)
    {
        for (int at = page * pageSize; at < barLength && at < (page + 1) * pageSize; at++)
        {
            if (!marks[at])
            {
                return false;
            }
        }

        return true;
    }

    private ImmutableArray<ByteRange> Runs(Func<int, bool> chosen)
    {
        var runs = new List<ByteRange>();
        int start = -1;
        for (int page = 0; page <= Pages; page++)
        {
            bool isChosen = page < Pages && chosen(page);
            if (isChosen && start < 0)
            {
                start = page;
            }
            else if (!isChosen && start >= 0)
            {
                runs.Add(ByteRange.FromBounds((ulong)(start * pageSize), (ulong)Math.Min(page * pageSize, barLength)));
                start = -1;
            }
        }

        return [.. runs];
    }
}
