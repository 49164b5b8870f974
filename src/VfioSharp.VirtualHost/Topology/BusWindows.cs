using VfioSharp.Pci.Configuration;
using VfioSharp.Pci.Mapping;

namespace VfioSharp.VirtualHost.Topology;

/// <summary>What of the host's address spaces is forwarded to a bus, and how much of it is given away.</summary>
internal sealed class BusWindows
{
    /// <summary>Ports, memory below 4 GiB, and memory above.</summary>
    private readonly ByteRange[] ranges = new ByteRange[3];
    private readonly ulong[] used = new ulong[3];

    /// <summary>The spaces in the order of their bits in the Command register.</summary>
    public enum Space
    {
        Io = 0,
        Memory32 = 1,
        Memory64 = 2,
    }

    public ByteRange this[Space space]
    {
        get => ranges[(int)space];
        set
        {
            ranges[(int)space] = value;
            used[(int)space] = value.Offset;
        }
    }

    /// <summary>
    /// Where a BAR's addresses may lie. What is wider than 32 bits goes above 4 GiB where nothing but PCI Express is in between, prefetchable or not
    /// (PCIe 6.0, 7.5.1.2.1, implementation note).
    /// </summary>
    public static Space SpaceOf(BarKind kind, bool isExpressPath) => kind switch
    {
        BarKind.Io => Space.Io,
        BarKind.Memory64 when isExpressPath => Space.Memory64,
        _ => Space.Memory32,
    };

    /// <summary>Takes addresses, aligned to their length; null where there are none left.</summary>
    /// <param name="space">Of which space.</param>
    /// <param name="length">How many.</param>
    /// <param name="alignment">A power of two.</param>
    public ulong? Take(Space space, ulong length, ulong alignment)
    {
        ulong at = Align(used[(int)space], alignment);
        if (ranges[(int)space].IsEmpty || at + length > ranges[(int)space].End)
        {
            return null;
        }

        used[(int)space] = at + length;
        return at;
    }

    /// <summary>Begins the windows of a bridge on this bus: all that is left, for the time being.</summary>
    public BusWindows Open()
    {
        var behind = new BusWindows();
        foreach (Space space in Enum.GetValues<Space>())
        {
            ulong first = Align(used[(int)space], Granule(space));
            behind[space] = first < ranges[(int)space].End ? ByteRange.FromBounds(first, ranges[(int)space].End) : default;
        }

        return behind;
    }

    /// <summary>Cuts the windows of a bridge on this bus to what was given away behind it.</summary>
    /// <param name="behind">The windows that <see cref="Open"/> began.</param>
    /// <param name="spare">How much more memory there is to be behind it, below and above 4 GiB, for what may be plugged in.</param>
    public void Close(BusWindows behind, ulong spare)
    {
        foreach (Space space in Enum.GetValues<Space>())
        {
            ByteRange open = behind[space];
            ulong end = Math.Min(Align(behind.used[(int)space] + (space == Space.Io ? 0 : spare), Granule(space)), open.End);
            ulong taken = behind.used[(int)space];
            behind[space] = end > open.Offset ? ByteRange.FromBounds(open.Offset, end) : default;
            behind.used[(int)space] = taken;
            used[(int)space] = Math.Max(used[(int)space], end);
        }
    }

    /// <summary>All is free again.</summary>
    public void Clear()
    {
        for (int space = 0; space < ranges.Length; space++)
        {
            used[space] = ranges[space].Offset;
        }
    }

    // What a bridge's registers can tell apart (PCIe 6.0, 7.5.1.3).
    private static ulong Granule(Space space) => space == Space.Io ? 0x1000UL : 0x10_0000UL;

    private static ulong Align(ulong address, ulong alignment) => (address + alignment - 1) & ~(alignment - 1);
}
