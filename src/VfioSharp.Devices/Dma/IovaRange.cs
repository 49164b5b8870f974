using System.Globalization;

namespace VfioSharp.Devices.Dma;

/// <summary>Addresses that a function may use, first and last inclusive, so that the whole 64-bit space is a range too.</summary>
public readonly record struct IovaRange
{
    /// <summary>Makes a range.</summary>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="last"/> lies before <paramref name="first"/>.</exception>
    public IovaRange(Iova first, Iova last)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(last.Value, first.Value, nameof(last));
        First = first;
        Last = last;
    }

    /// <summary>The first address.</summary>
    public Iova First { get; }

    /// <summary>The last address.</summary>
    public Iova Last { get; }

    /// <summary>The range as <c>0x1000-0x1fff</c>, last byte included.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{First.Value:x}-0x{Last.Value:x}");
}
