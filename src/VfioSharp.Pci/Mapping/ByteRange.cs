using System.Globalization;

namespace VfioSharp.Pci.Mapping;

/// <summary>A half-open range of bytes inside a BAR, <c>[Offset, End)</c>. Validated once, when it is made; never wraps.</summary>
public readonly record struct ByteRange
{
    /// <summary>Creates a range.</summary>
    /// <param name="offset">The first byte.</param>
    /// <param name="length">How many bytes; 0 makes an empty range.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="offset"/> plus <paramref name="length"/> does not fit 64 bits.</exception>
    public ByteRange(ulong offset, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfGreaterThan(length, ulong.MaxValue - offset);
        Offset = offset;
        Length = length;
    }

    /// <summary>The first byte.</summary>
    public ulong Offset { get; }

    /// <summary>How many bytes.</summary>
    public ulong Length { get; }

    /// <summary>The first byte after the range.</summary>
    public ulong End => Offset + Length;

    /// <summary>Whether the range holds no byte.</summary>
    public bool IsEmpty => Length == 0;

    /// <summary>Makes a range from its two ends.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="end"/> lies before <paramref name="offset"/>.</exception>
    public static ByteRange FromBounds(ulong offset, ulong end)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(end, offset);
        return new ByteRange(offset, end - offset);
    }

    /// <summary>Whether every byte of <paramref name="other"/> lies in this range. An empty range lies in any.</summary>
    public bool Contains(ByteRange other) => other.IsEmpty || (other.Offset >= Offset && other.End <= End);

    /// <summary>Whether the two ranges share a byte.</summary>
    public bool Overlaps(ByteRange other) => !IsEmpty && !other.IsEmpty && Offset < other.End && other.Offset < End;

    /// <summary>The bytes that both ranges hold; empty where they share none.</summary>
    public ByteRange Intersect(ByteRange other)
    {
        ulong start = Math.Max(Offset, other.Offset);
        ulong end = Math.Min(End, other.End);
        return start < end ? FromBounds(start, end) : default;
    }

    /// <summary>The range as <c>0x2000-0x2fff</c>, last byte included, or <c>empty</c>.</summary>
    public override string ToString() =>
        IsEmpty ? "empty" : string.Create(CultureInfo.InvariantCulture, $"0x{Offset:x}-0x{End - 1:x}");
}
