using System.Collections.Immutable;

namespace VfioSharp.Pci.Mapping;

/// <summary>Sets of bytes as ordered lists of ranges that neither overlap nor touch.</summary>
internal static class RangeList
{
    /// <summary>The bytes that any of <paramref name="ranges"/> holds.</summary>
    public static ImmutableArray<ByteRange> Union(IEnumerable<ByteRange> ranges)
    {
        ImmutableArray<ByteRange>.Builder merged = ImmutableArray.CreateBuilder<ByteRange>();
        foreach (ByteRange range in ranges.Where(range => !range.IsEmpty).OrderBy(range => range.Offset))
        {
            if (merged.Count > 0 && range.Offset <= merged[^1].End)
            {
                merged[^1] = ByteRange.FromBounds(merged[^1].Offset, Math.Max(merged[^1].End, range.End));
            }
            else
            {
                merged.Add(range);
            }
        }

        return merged.ToImmutable();
    }

    /// <summary>The bytes of <paramref name="from"/> that <paramref name="taken"/>, which is ordered and apart, does not hold.</summary>
    public static ImmutableArray<ByteRange> Subtract(ByteRange from, ImmutableArray<ByteRange> taken)
    {
        ImmutableArray<ByteRange>.Builder left = ImmutableArray.CreateBuilder<ByteRange>();
        ulong at = from.Offset;
        foreach (ByteRange range in taken)
        {
            ByteRange inside = range.Intersect(from);
            if (!inside.IsEmpty)
            {
                if (inside.Offset > at)
                {
                    left.Add(ByteRange.FromBounds(at, inside.Offset));
                }

                at = inside.End;
            }
        }

        if (at < from.End)
        {
            left.Add(ByteRange.FromBounds(at, from.End));
        }

        return left.ToImmutable();
    }
}
