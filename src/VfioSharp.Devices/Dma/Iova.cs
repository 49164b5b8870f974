using System.Globalization;

namespace VfioSharp.Devices.Dma;

/// <summary>An I/O virtual address: what a function puts on the bus to reach memory. Never an address of this process.</summary>
/// <param name="Value">The address in bytes.</param>
public readonly record struct Iova(ulong Value) : IComparable<Iova>
{
    /// <summary>The low 32 bits, as split address registers take them.</summary>
    public uint Low => (uint)Value;

    /// <summary>The high 32 bits, as split address registers take them.</summary>
    public uint High => (uint)(Value >> 32);

    /// <summary>The address <paramref name="offset"/> bytes on.</summary>
    /// <exception cref="OverflowException">The sum does not fit 64 bits.</exception>
    public static Iova operator +(Iova address, ulong offset) => new(checked(address.Value + offset));

    /// <summary>The address <paramref name="offset"/> bytes on.</summary>
    /// <exception cref="OverflowException">The sum does not fit 64 bits.</exception>
    public static Iova Add(Iova address, ulong offset) => address + offset;

    /// <inheritdoc cref="IComparable{T}.CompareTo"/>
    public static bool operator <(Iova left, Iova right) => left.Value < right.Value;

    /// <inheritdoc cref="IComparable{T}.CompareTo"/>
    public static bool operator <=(Iova left, Iova right) => left.Value <= right.Value;

    /// <inheritdoc cref="IComparable{T}.CompareTo"/>
    public static bool operator >(Iova left, Iova right) => left.Value > right.Value;

    /// <inheritdoc cref="IComparable{T}.CompareTo"/>
    public static bool operator >=(Iova left, Iova right) => left.Value >= right.Value;

    /// <inheritdoc/>
    public int CompareTo(Iova other) => Value.CompareTo(other.Value);

    /// <summary>The address as <c>0x1000</c>.</summary>
    public override string ToString() => string.Create(CultureInfo.InvariantCulture, $"0x{Value:x}");
}
