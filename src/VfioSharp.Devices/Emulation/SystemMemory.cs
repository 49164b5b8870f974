using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// Memory as an emulated function sees it: what its driver, or the guest, shows it, by the addresses they chose. Any thread. Nothing here throws at
/// what those do: an access to what is not there, not allowed, or while bus mastering is off (PCIe 6.0, 7.5.1.1.3) is refused by false.
/// </summary>
public sealed class SystemMemory
{
    private readonly Lock gate = new();
    private readonly List<MemoryRegion> regions = [];
    private readonly ConfigurationModel configuration;
    private MemoryRegion? latest;
    private volatile DirtyLog? log;

    internal SystemMemory(ConfigurationModel configuration) => this.configuration = configuration;

    /// <summary>What is told of everything that the function writes; null while nobody wants to know.</summary>
    internal DirtyLog? Log
    {
        get => log;
        set => log = value;
    }

    /// <summary>How many pieces of memory the function can reach.</summary>
    internal int Count
    {
        get
        {
            lock (gate)
            {
                return regions.Count;
            }
        }
    }

    /// <summary>Reads, in no particular widths.</summary>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="destination">Where to; on false it may hold a part.</param>
    /// <returns>Whether all of it could be read.</returns>
    public bool TryRead(Iova address, Span<byte> destination)
    {
        ulong at = address.Value;
        while (destination.Length > 0)
        {
            if (Acquire(at, DmaAccess.Read) is not { } region)
            {
                return false;
            }

            int length = (int)Math.Min((ulong)destination.Length, region.Last - at + 1);
            bool done = region.TryRead(at - region.Start.Value, destination[..length]);
            region.Release();
            destination = destination[length..];
            at += (ulong)length;
            if (!done || (at == 0 && destination.Length > 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Writes, in no particular widths.</summary>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="source">What; on false a part may have been written.</param>
    /// <returns>Whether all of it could be written.</returns>
    public bool TryWrite(Iova address, ReadOnlySpan<byte> source)
    {
        ulong at = address.Value;
        while (source.Length > 0)
        {
            if (Acquire(at, DmaAccess.Write) is not { } region)
            {
                return false;
            }

            int length = (int)Math.Min((ulong)source.Length, region.Last - at + 1);
            bool done = region.TryWrite(at - region.Start.Value, source[..length]);
            NoteWritten(at, (ulong)length);
            region.Release();
            source = source[length..];
            at += (ulong)length;
            if (!done || (at == 0 && source.Length > 0))
            {
                return false;
            }
        }

        return true;
    }

    /// <summary>Reads a structure.</summary>
    /// <inheritdoc cref="TryRead(Iova, Span{byte})"/>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="value">The structure, as it lies in memory; on false it may hold a part.</param>
    public bool TryRead<T>(Iova address, out T value)
        where T : unmanaged
    {
        value = default;
        return TryRead(address, MemoryMarshal.AsBytes(new Span<T>(ref value)));
    }

    /// <summary>Writes a structure.</summary>
    /// <inheritdoc cref="TryWrite(Iova, ReadOnlySpan{byte})"/>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="value">The structure.</param>
    public bool TryWrite<T>(Iova address, in T value)
        where T : unmanaged => TryWrite(address, MemoryMarshal.AsBytes(new ReadOnlySpan<T>(in value)));

    /// <summary>Holds on to memory to use it in place, without copying. Where that is refused, copying may still be possible.</summary>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="length">In bytes.</param>
    /// <param name="access">What the function is about to do.</param>
    /// <param name="lease">The memory; dispose it soon, for the driver waits for that when it takes its memory back.</param>
    /// <returns>Whether it lies in one piece that can be reached directly.</returns>
    /// <exception cref="ArgumentOutOfRangeException"><paramref name="length"/> is negative.</exception>
    public bool TryLease(Iova address, int length, DmaAccess access, out MemoryLease lease)
    {
        ArgumentOutOfRangeException.ThrowIfNegative(length);
        lease = default;
        if (Acquire(address.Value, access) is not { } region)
        {
            return false;
        }

        ulong offset = address.Value - region.Start.Value;
        if ((ulong)length <= region.Length - offset && region.TryGetMemory(offset, length, out Memory<byte> memory))
        {
            lease = new MemoryLease(region, memory, address.Value, (access & DmaAccess.Write) != 0 ? this : null);
            return true;
        }

        region.Release();
        return false;
    }

    /// <summary>The function may have written these bytes.</summary>
    internal void NoteWritten(ulong address, ulong length) => log?.Mark(address, length);

    /// <summary>Shows memory to the function; false where other memory is there already.</summary>
    internal bool TryAdd(MemoryRegion region)
    {
        lock (gate)
        {
            int index = IndexAfter(region.Start.Value);
            if ((index > 0 && regions[index - 1].Last >= region.Start.Value) || (index < regions.Count && regions[index].Start.Value <= region.Last))
            {
                return false;
            }

            regions.Insert(index, region);
            return true;
        }
    }

    /// <summary>Takes away what lies wholly in a range.</summary>
    /// <returns>The pieces; each is gone when it was closed.</returns>
    internal List<MemoryRegion> Remove(Iova first, Iova last)
    {
        lock (gate)
        {
            int index = IndexAfter(first.Value);
            index = index > 0 && regions[index - 1].Start == first ? index - 1 : index;
            int end = index;
            while (end < regions.Count && regions[end].Last <= last.Value)
            {
                end++;
            }

            List<MemoryRegion> removed = regions.GetRange(index, end - index);
            regions.RemoveRange(index, end - index);
            latest = null;
            return removed;
        }
    }

    private MemoryRegion? Acquire(ulong address, DmaAccess access)
    {
        if (!configuration.CanMaster)
        {
            return null;
        }

        // Most accesses hit the piece that the one before did; one that was taken away cannot be acquired.
        MemoryRegion? region = Volatile.Read(ref latest);
        if (region is null || !region.Contains(address) || !region.TryAcquire())
        {
            lock (gate)
            {
                int index = IndexAfter(address);
                region = index > 0 && regions[index - 1].Contains(address) && regions[index - 1].TryAcquire() ? regions[index - 1] : null;
                latest = region ?? latest;
            }
        }

        if (region is null || (region.Access & access) == access)
        {
            return region;
        }

        region.Release();
        return null;
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
