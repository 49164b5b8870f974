namespace VfioSharp.Pci.Configuration;

/// <summary>One base address register of a function, and the addresses it was given.</summary>
/// <param name="Index">0 to 5, or <see cref="RomIndex"/> for the expansion ROM.</param>
/// <param name="Kind">What it stands for.</param>
/// <param name="IsPrefetchable">Whether reads have no side effects.</param>
/// <param name="Address">The first address, as the CPU sees it; 0 where none was assigned or shown.</param>
/// <param name="Length">How many bytes or ports; 0 where there are none, and where the length is not known.</param>
/// <param name="IsAssigned">Whether it was given addresses.</param>
public readonly record struct BarResource(int Index, BarKind Kind, bool IsPrefetchable, ulong Address, ulong Length, bool IsAssigned)
{
    /// <summary>The index of the expansion ROM, as in VFIO and in sysfs.</summary>
    public const int RomIndex = 6;

    /// <summary>The smallest memory BAR, in bytes: the four bits below hold its kind (PCI 3.0, 6.2.5.1).</summary>
    public const ulong MinMemoryLength = 16;

    /// <summary>Whether it is a BAR in memory space, the only place where MSI-X structures may lie.</summary>
    public bool IsMemory => Kind is BarKind.Memory32 or BarKind.Memory64;

    /// <summary>Whether it is the upper half of the 64-bit BAR before it.</summary>
    public bool IsUpperHalf => Kind is BarKind.UpperHalf;

    /// <summary>Whether there is anything: false for an upper half too.</summary>
    public bool IsImplemented => Kind is not (BarKind.Unimplemented or BarKind.UpperHalf);

    /// <summary>A memory BAR known by its length alone, for a what-if.</summary>
    /// <param name="index">0 to 5.</param>
    /// <param name="length">How many bytes; 0 for not known.</param>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="index"/> is no BAR.</exception>
    public static BarResource OfLength(int index, ulong length)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(index);
        ArgumentOutOfRangeException.ThrowIfGreaterThanOrEqual(index, RomIndex);
        return new BarResource(index, BarKind.Memory32, false, 0, length, false);
    }
}
