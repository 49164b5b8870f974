using System.Collections.Immutable;

namespace VfioSharp.Pci.Mapping;

/// <summary>Turns what a backend says of a BAR into the ranges that it can map: each dialect is read here, once, before the decision.</summary>
public static class BackendRanges
{
    /// <summary>The backend maps nothing.</summary>
    public static ImmutableArray<ByteRange> None => [];

    /// <summary>The backend maps the whole BAR: <c>MSIX_MAPPABLE</c> (Linux 4.16 and later, vfio-user), or a BAR without a table.</summary>
    public static ImmutableArray<ByteRange> Whole(ByteRange bar) => [bar];

    /// <summary>
    /// The backend maps what avoids the table's pages: Linux before 4.16, which says so by sparse areas from 4.6 on, and before that only by
    /// refusing to map.
    /// </summary>
    /// <param name="bar">The BAR.</param>
    /// <param name="table">The table's bytes in it.</param>
    /// <param name="pageSize">The kernel's page size in bytes, a power of two.</param>
    public static ImmutableArray<ByteRange> AroundTable(ByteRange bar, ByteRange table, ulong pageSize) =>
        RangeList.Subtract(bar, [new PageGrid(bar, pageSize).Cover(table)]);

    /// <summary>The backend names the areas that it maps (<c>SPARSE_MMAP</c>: Linux 4.6 and later, vfio-user); all of them count, in any order.</summary>
    /// <param name="bar">The BAR.</param>
    /// <param name="areas">The areas; what lies outside the BAR is left out.</param>
    public static ImmutableArray<ByteRange> Areas(ByteRange bar, IEnumerable<ByteRange> areas) => RangeList.Union(areas.Select(area => area.Intersect(bar)));

    /// <summary>What vfio-pci of a Linux release lets user space map of a memory BAR that holds a table (<c>drivers/vfio/pci</c>; docs/history.md).</summary>
    /// <param name="major">The release's first number.</param>
    /// <param name="minor">The release's second number.</param>
    /// <param name="bar">The BAR.</param>
    /// <param name="table">The table's bytes in it.</param>
    /// <param name="pageSize">The kernel's page size in bytes, a power of two.</param>
    public static ImmutableArray<ByteRange> OfKernel(int major, int minor, ByteRange bar, ByteRange table, ulong pageSize) =>
        (major, minor).CompareTo((4, 16)) >= 0 ? Whole(bar)
        : bar.Length < pageSize && (major, minor).CompareTo((4, 8)) < 0 ? None // a BAR smaller than a page can be mapped since 4.8
        : AroundTable(bar, table, pageSize);
}
