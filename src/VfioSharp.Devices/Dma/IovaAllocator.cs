using System.Collections.Immutable;
using System.Diagnostics;

namespace VfioSharp.Devices.Dma;

/// <summary>Hands out the addresses that a function can use, the lowest first, and takes them back. Its members may be called from any thread.</summary>
/// <remarks>
/// Logarithmic in the number of free extents, which is at most that of mappings and ranges; memory for what is free only. An alignment above the granule
/// may look at extents that are long enough but lie badly.
/// </remarks>
internal sealed class IovaAllocator
{
    private readonly Lock gate = new();
    private readonly ImmutableArray<IovaRange> ranges;
    private readonly FreeExtents free = new();
    private readonly ulong granule;

    /// <summary>Starts with all ranges free.</summary>
    /// <param name="usable">Ascending and apart; what is no whole granule at their ends is not used.</param>
    /// <param name="granule">What addresses and lengths are multiples of, a power of two.</param>
    /// <exception cref="ArgumentException">The ranges are not ascending and apart.</exception>
    public IovaAllocator(ImmutableArray<IovaRange> usable, ulong granule)
    {
        this.granule = granule;
        for (int i = 1; i < usable.Length; i++)
        {
            if (usable[i].First <= usable[i - 1].Last)
            {
                throw new ArgumentException($"ranges {usable[i - 1]} and {usable[i]} are not ascending and apart", nameof(usable));
            }
        }

        ranges = [.. usable.Select(Trim).OfType<IovaRange>()];
        foreach (IovaRange range in ranges)
        {
            free.Add(range.First.Value, range.Last.Value);
        }
    }

    /// <summary>What is free, ascending; neighbours of the same range are one.</summary>
    public IEnumerable<IovaRange> Free => free.All.Select(extent => new IovaRange(new(extent.First), new(extent.Last)));

    /// <summary>Takes the lowest addresses that will do. The first granule of all is never chosen, for many functions take address 0 for none.</summary>
    /// <param name="length">A multiple of the granule, at least one.</param>
    /// <param name="alignment">A power of two.</param>
    /// <param name="highest">The highest address that any byte may have.</param>
    /// <param name="iova">The first address.</param>
    public bool TryTake(ulong length, ulong alignment, ulong highest, out Iova iova)
    {
        lock (gate)
        {
            bool found = free.TryFindPlace(length - 1, Math.Max(alignment, granule), granule, highest, out ulong place);
            iova = new(place);
            return found && TryTakeAt(iova, length);
        }
    }

    /// <summary>Takes these very addresses; false where they are not all free or not in one range.</summary>
    /// <param name="iova">A multiple of the granule.</param>
    /// <param name="length">A multiple of the granule, at least one.</param>
    public bool TryTakeAt(Iova iova, ulong length)
    {
        lock (gate)
        {
            return TryTakeFree(iova, length);
        }
    }

    /// <summary>Gives addresses back; they are one with their free neighbours again.</summary>
    public void Release(Iova iova, ulong length)
    {
        lock (gate)
        {
            GiveBack(iova, length);
        }
    }

    private bool TryTakeFree(Iova iova, ulong length)
    {
        if (!free.TryFindAt(iova.Value, out ulong first, out ulong last) || last < iova.Value || last - iova.Value < length - 1)
        {
            return false;
        }

        ulong end = iova.Value + (length - 1);
        free.Remove(first);
        if (first < iova.Value)
        {
            free.Add(first, iova.Value - 1);
        }

        if (end < last)
        {
            free.Add(end + 1, last);
        }

        return true;
    }

    private void GiveBack(Iova iova, ulong length)
    {
        ulong first = iova.Value;
        ulong last = checked(first + (length - 1));
        IovaRange range = RangeOf(first);
        bool hasNeighbour = free.TryFindAt(last, out ulong neighbour, out ulong neighbourEnd);
        if (first < range.First.Value || last > range.Last.Value || (hasNeighbour && neighbourEnd >= first))
        {
            throw new UnreachableException($"addresses {new IovaRange(iova, new(last))} are given back but were not taken");
        }

        // Two ranges that touch stay two: the kernel takes no mapping across their border.
        if (hasNeighbour && first != range.First.Value && neighbourEnd == first - 1)
        {
            free.Remove(neighbour);
            first = neighbour;
        }

        if (last != range.Last.Value && free.TryFindAt(last + 1, out neighbour, out neighbourEnd) && neighbour == last + 1)
        {
            free.Remove(neighbour);
            last = neighbourEnd;
        }

        free.Add(first, last);
    }

    private IovaRange RangeOf(ulong address)
    {
        int low = 0;
        for (int high = ranges.Length - 1; low < high;)
        {
            int middle = (low + high + 1) / 2;
            (low, high) = ranges[middle].First.Value <= address ? (middle, high) : (low, middle - 1);
        }

        return ranges[low];
    }

    private IovaRange? Trim(IovaRange range)
    {
        ulong rest = granule - 1;
        ulong first = unchecked(range.First.Value + rest) & ~rest;
        ulong end = unchecked(range.Last.Value + 1) & ~rest; // 0 for the end of the 64-bit space
        bool isEmpty = first < range.First.Value || (end == 0 ? range.Last.Value != ulong.MaxValue : end <= first);
        return isEmpty ? null : new IovaRange(new(first), new(unchecked(end - 1)));
    }
}
