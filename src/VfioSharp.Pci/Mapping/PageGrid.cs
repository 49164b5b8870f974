namespace VfioSharp.Pci.Mapping;

/// <summary>A BAR cut into pages. Every result lies inside the BAR; the last page ends where the BAR does.</summary>
internal readonly struct PageGrid(ByteRange bar, ulong pageSize)
{
    /// <summary>The start of the page that holds <paramref name="offset"/>.</summary>
    public ulong Floor(ulong offset) => offset & ~(pageSize - 1);

    /// <summary>The first page boundary at or after <paramref name="offset"/>, at most the BAR's end.</summary>
    public ulong Ceiling(ulong offset)
    {
        ulong floor = Floor(Math.Min(offset, bar.End));
        return floor == offset ? floor : bar.End - floor <= pageSize ? bar.End : floor + pageSize;
    }

    /// <summary>The pages that hold a byte of <paramref name="range"/>.</summary>
    public ByteRange Cover(ByteRange range)
    {
        ByteRange inside = range.Intersect(bar);
        return inside.IsEmpty ? default : ByteRange.FromBounds(Floor(inside.Offset), Ceiling(inside.End));
    }

    /// <summary>The pages that lie wholly in <paramref name="range"/>; the BAR's end counts as a page's.</summary>
    public ByteRange Inner(ByteRange range)
    {
        ByteRange inside = range.Intersect(bar);
        ulong start = Ceiling(inside.Offset);
        ulong end = inside.End == bar.End ? bar.End : Floor(inside.End);
        return start < end ? ByteRange.FromBounds(start, end) : default;
    }
}
