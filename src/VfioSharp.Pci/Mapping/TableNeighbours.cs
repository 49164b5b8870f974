using System.Collections.Immutable;

namespace VfioSharp.Pci.Mapping;

/// <summary>What else lies in the pages of an MSI-X table, and which page size would part them.</summary>
internal static class TableNeighbours
{
    /// <summary>
    /// The unit in which the specification keeps other registers away from an MSI-X structure (PCIe 6.0, 7.7.2), whatever the host's pages.
    /// </summary>
    private const ulong DedicatedUnit = 4096;

    /// <summary>The page sizes that Linux is built with, largest first.</summary>
    private static readonly ImmutableArray<ulong> PageSizes = [64 << 10, 16 << 10, 4 << 10];

    /// <summary>The bytes in the table's pages that are neither the table's nor the PBA's.</summary>
    public static ImmutableArray<ByteRange> Others(MsixTableQuestion question) =>
        Without(question, question.PageSize, question.Table.GetValueOrDefault(), question.Pba.GetValueOrDefault());

    /// <summary>
    /// Those of the others that may be registers: not the slack between a structure's end and its next 4K boundary, which a function that
    /// follows the specification leaves unused. What precedes a structure in its 4K unit counts, as there was no reason to leave it free.
    /// </summary>
    public static ImmutableArray<ByteRange> Registers(MsixTableQuestion question) => Registers(question, question.PageSize);

    /// <summary>The largest page size below the host's at which the table's pages hold no register; null if there is none.</summary>
    public static ulong? PartingPageSize(MsixTableQuestion question) =>
        Largest(PageSizes.Where(size => size < question.PageSize && Registers(question, size).IsEmpty));

    /// <summary>The largest page size below the host's of which the backend offers a page; null if there is none.</summary>
    public static ulong? MappablePageSize(MsixTableQuestion question)
    {
        ImmutableArray<ByteRange> offered = RangeList.Union(question.Backend.Select(range => range.Intersect(question.Bar)));
        return Largest(PageSizes.Where(size => size < question.PageSize && offered.Any(range => !new PageGrid(question.Bar, size).Inner(range).IsEmpty)));
    }

    private static ImmutableArray<ByteRange> Registers(MsixTableQuestion question, ulong pageSize) =>
        Without(question, pageSize, WithSlack(question, question.Table), WithSlack(question, question.Pba));

    private static ImmutableArray<ByteRange> Without(MsixTableQuestion question, ulong pageSize, ByteRange table, ByteRange pba) =>
        RangeList.Subtract(new PageGrid(question.Bar, pageSize).Cover(question.Table.GetValueOrDefault()), RangeList.Union([table, pba]));

    private static ByteRange WithSlack(MsixTableQuestion question, ByteRange? structure)
    {
        ByteRange bytes = structure.GetValueOrDefault().Intersect(question.Bar);
        return bytes.IsEmpty ? default : ByteRange.FromBounds(bytes.Offset, new PageGrid(question.Bar, DedicatedUnit).Ceiling(bytes.End));
    }

    private static ulong? Largest(IEnumerable<ulong> descending) => descending.Select(size => (ulong?)size).FirstOrDefault();
}
