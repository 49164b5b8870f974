using System.Collections.Immutable;
using System.Globalization;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Linux.Backends;

/// <summary>Sets of I/O virtual addresses.</summary>
internal static class UsableAddresses
{
    // What the narrowest page tables in use translate: 39 bits, VT-d's three levels.
    private const ulong NarrowestLast = (1UL << 39) - 1;

    /// <summary>
    /// The addresses that are left when the kernel tells only the reserved ones (Linux before 5.4): all but those, as far as any IOMMU in use reaches.
    /// </summary>
    /// <param name="reservedRegions">The lines of the group's <c>reserved_regions</c>: first, last, type.</param>
    public static ImmutableArray<IovaRange> Outside(IEnumerable<string> reservedRegions)
    {
        var usable = new List<IovaRange>();
        ulong at = 0;
        foreach (IovaRange reserved in Order(reservedRegions.Select(Parse).OfType<IovaRange>()))
        {
            if (at > NarrowestLast || reserved.First.Value > NarrowestLast)
            {
                break;
            }

            if (reserved.First.Value > at)
            {
                usable.Add(new IovaRange(new Iova(at), new Iova(reserved.First.Value - 1)));
            }

            at = reserved.Last.Value == ulong.MaxValue ? ulong.MaxValue : Math.Max(at, reserved.Last.Value + 1);
        }

        if (at <= NarrowestLast)
        {
            usable.Add(new IovaRange(new Iova(at), new Iova(NarrowestLast)));
        }

        return [.. usable];
    }

    /// <summary>The same addresses, ascending, with what overlaps or touches made one.</summary>
    public static ImmutableArray<IovaRange> Order(IEnumerable<IovaRange> ranges)
    {
        ImmutableArray<IovaRange>.Builder ordered = ImmutableArray.CreateBuilder<IovaRange>();
        foreach (IovaRange range in ranges.OrderBy(range => range.First))
        {
            if (ordered.Count > 0 && (ordered[^1].Last >= range.First || ordered[^1].Last.Value + 1 == range.First.Value))
            {
                if (range.Last > ordered[^1].Last)
                {
                    ordered[^1] = new IovaRange(ordered[^1].First, range.Last);
                }
            }
            else
            {
                ordered.Add(range);
            }
        }

        return ordered.ToImmutable();
    }

    // iommu_group_show_resv_regions(), drivers/iommu/iommu.c: "0x%016llx 0x%016llx %s".
    private static IovaRange? Parse(string line) =>
        line.Split(' ', StringSplitOptions.RemoveEmptyEntries) is [var first, var last, ..]
        && TryParse(first, out ulong start) && TryParse(last, out ulong end) && end >= start
            ? new IovaRange(new Iova(start), new Iova(end)) : null;

    private static bool TryParse(string text, out ulong value)
    {
        value = 0;
        return text.StartsWith("0x", StringComparison.Ordinal) && ulong.TryParse(text.AsSpan(2), NumberStyles.AllowHexSpecifier, CultureInfo.InvariantCulture, out value);
    }
}
