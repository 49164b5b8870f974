using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>Pieces of memory by their addresses, apart from each other. Found in logarithmic time. Any thread.</summary>
internal sealed class RegionTable
{
    private readonly Lock gate = new();
    private readonly List<MemoryRegion> regions = [];
    private MemoryRegion? latest;
    private ulong bytes;

    /// <summary>How many there are.</summary>
    public int Count
    {
        get
        {
            lock (gate)
            {
                return regions.Count;
            }
        }
    }

    /// <summary>How many bytes they have.</summary>
    public ulong Bytes
    {
        get
        {
            lock (gate)
            {
                return bytes;
            }
        }
    }

    /// <summary>Adds a piece; false where another is there already.</summary>
    public bool TryAdd(MemoryRegion region)
    {
        lock (gate)
        {
            int index = IndexAfter(region.Start.Value);
            if ((index > 0 && regions[index - 1].Last >= region.Start.Value) || (index < regions.Count && regions[index].Start.Value <= region.Last))
            {
                return false;
            }

            regions.Insert(index, region);
            bytes += region.Length;
            return true;
        }
    }

    /// <summary>Whether a piece lies in a range and reaches out of it.</summary>
    public bool IsCutBy(Iova first, Iova last)
    {
        lock (gate)
        {
            int before = IndexAfter(first.Value) - 1;
            int atEnd = IndexAfter(last.Value) - 1;
            return (before >= 0 && regions[before].Start < first && regions[before].Last >= first.Value)
                || (atEnd >= 0 && regions[atEnd].Last > last.Value && regions[atEnd].Last >= first.Value);
        }
    }

    /// <summary>Takes away what lies wholly in a range.</summary>
    /// <returns>The pieces; each is gone when it was closed.</returns>
    public List<MemoryRegion> Remove(Iova first, Iova last)
    {
        lock (gate)
        {
            int index = IndexAfter(first.Value);
            index = index > 0 && regions[index - 1].Start == first ? index - 1 : index;
            int end = index;
            while (end < regions.Count && regions[end].Last <= last.Value)
            {
                bytes -= regions[end].Length;
                end++;
            }

            List<MemoryRegion> removed = regions.GetRange(index, end - index);
            regions.RemoveRange(index, end - index);
            latest = null;
            return removed;
        }
    }

    /// <summary>Reads what a function may read, across pieces.</summary>
    /// <returns>Whether all of it could be read; else a part may have been.</returns>
    public bool TryRead(ulong address, Span<byte> destination)
    {
        while (destination.Length > 0)
        {
            if (Acquire(address, DmaAccess.Read) is not { } region)
            {
                return false;
            }

            int length = (int)Math.Min((ulong)destination.Length, region.Last - address + 1);
            bool done = region.TryRead(address - region.Start.Value, destination[..length]);
            region.Release();
            destination = destination[length..];
            address += (ulong)length;
            if (!done || (address == 0 && destination.Length > 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes what a function may write, across pieces.</summary>
    /// <param name="address">Where.</param>
    /// <param name="source">What.</param>
    /// <param name="log">Takes note of it, before the pieces can be taken away.</param>
    /// <returns>Whether all of it could be written; else a part may have been.</returns>
    public bool TryWrite(ulong address, ReadOnlySpan<byte> source, DirtyLog? log = null)
    {
        while (source.Length > 0)
        {
            if (Acquire(address, DmaAccess.Write) is not { } region)
            {
                return false;
            }

            int length = (int)Math.Min((ulong)source.Length, region.Last - address + 1);
            bool done = region.TryWrite(address - region.Start.Value, source[..length]);
            log?.Mark(address, (ulong)length);
            region.Release();
            source = source[length..];
            address += (ulong)length;
            if (!done || (address == 0 && source.Length > 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>As <see cref="Acquire(ulong)"/>, where the function may do that with the piece.</summary>
    public MemoryRegion? Acquire(ulong address, DmaAccess access)
    {
        MemoryRegion? region = Acquire(address);
        if (region is null || (region.Access & access) == access)
        {
            return region;
        }

        region.Release();
        return null;
    }

    /// <summary>Finds the piece that holds an address and keeps it from being taken away, until it is released; null where there is none.</summary>
    public MemoryRegion? Acquire(ulong address)
    {
        // Most accesses hit the piece that the one before did; one that was taken away cannot be acquired.
        MemoryRegion? region = Volatile.Read(ref latest);
        if (region is not null && region.Contains(address) && region.TryAcquire())
        {
            return region;
        }

        lock (gate)
        {
            int index = IndexAfter(address);
            region = index > 0 && regions[index - 1].Contains(address) && regions[index - 1].TryAcquire() ? regions[index - 1] : null;
            latest = region ?? latest;
            return region;
        }
    }

    /// <summary>The index of the first piece that starts beyond the address.</summary>
    private int IndexAfter(ulong address)
    {
        int low = 0;
        int high = regions.Count;
        while (low < high)
        {
            int middle = (low + high) >>> 1;
            if (regions[middle].Start.Value <= address)
            {
                low = middle + 1;
            }
            else
            {
                high = middle;
            }
        }

        return low;
    }
}
