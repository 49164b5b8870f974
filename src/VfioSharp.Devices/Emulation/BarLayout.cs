using System.Collections.Immutable;
using System.Numerics;
using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;
using VfioSharp.Pci.Msix;

namespace VfioSharp.Devices.Emulation;

/// <summary>A BAR of an emulated function (PCIe 6.0, 7.5.1.2.1).</summary>
public sealed record BarLayout
{
    /// <summary>The smallest BAR made for MSI-X alone, in bytes.</summary>
    private const ulong MinMsixLength = 4096;

    private BarLayout(int index, BarKind kind, ulong length)
    {
        Index = index;
        Kind = kind;
        Length = length;
    }

    /// <summary>0 to 5; a 64-bit BAR takes the next index too.</summary>
    public int Index { get; }

    /// <summary>Memory with a 32-bit or 64-bit address, or I/O ports.</summary>
    public BarKind Kind { get; }

    /// <summary>Its length in bytes, a power of two.</summary>
    public ulong Length { get; }

    /// <summary>Whether reads have no side effects.</summary>
    public bool IsPrefetchable { get; init; }

    /// <summary>
    /// What of it is plain memory: reads and writes have no effect but that, and reach no handler. A driver may map pages that hold nothing else;
    /// the function reaches it by <see cref="EmulatedFunction.MemoryOf"/>. Multiples of 8 at both ends, apart from each other.
    /// </summary>
    public ImmutableArray<ByteRange> Memory { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>
    /// Registers that are rung, not written: a write ends in <see cref="EmulatedFunction.OnDoorbell"/>, wherever it comes from. Outside of
    /// <see cref="Memory"/>, and apart from each other unless they differ in their values.
    /// </summary>
    public ImmutableArray<Doorbell> Doorbells { get; init => field = value.IsDefault ? [] : value; } = [];

    /// <summary>How many vectors it holds table and pending bit array for, and nothing else; 0 for a BAR of registers.</summary>
    internal int MsixVectors { get; private init; }

    /// <summary>A BAR of memory with a 32-bit address.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="length">In bytes: a power of two, 16 to 2 GiB.</param>
    public static BarLayout Memory32(int index, ulong length) => new(index, BarKind.Memory32, length);

    /// <summary>A BAR of memory with a 64-bit address.</summary>
    /// <param name="index">0 to 4; the next index is its upper half.</param>
    /// <param name="length">In bytes: a power of two, 16 or more.</param>
    public static BarLayout Memory64(int index, ulong length) => new(index, BarKind.Memory64, length);

    /// <summary>A BAR of I/O ports.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="length">How many ports: a power of two, 4 to 256.</param>
    public static BarLayout Io(int index, ulong length) => new(index, BarKind.Io, length);

    /// <summary>A BAR for an MSI-X table at its start, its pending bit array in the second half, and nothing else.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="vectors">1 to 2048.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="vectors"/> is out of its range.</exception>
    public static BarLayout Msix(int index, int vectors)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(vectors, 1);
        ArgumentOutOfRangeException.ThrowIfGreaterThan(vectors, MsixCapability.MaxVectors);
        ulong length = Math.Max(MinMsixLength, BitOperations.RoundUpToPowerOf2(2UL * (ulong)vectors * MsixCapability.EntryLength));
        return new BarLayout(index, BarKind.Memory32, length) { Memory = [new ByteRange(0, length)], MsixVectors = vectors };
    }
}
