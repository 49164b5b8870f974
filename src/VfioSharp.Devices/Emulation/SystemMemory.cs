using System.Runtime.InteropServices;
using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>
/// Memory as an emulated function sees it: what its driver, or the guest, shows it, by the addresses they chose. Any thread. Nothing here throws at
/// what those do: an access to what is not there, not allowed, or while bus mastering is off (PCIe 6.0, 7.5.1.1.3) is refused by false.
/// </summary>
public sealed class SystemMemory
{
    private readonly RegionTable regions = new();
    private readonly ConfigurationModel configuration;
    private volatile DirtyLog? log;

    internal SystemMemory(ConfigurationModel configuration) => this.configuration = configuration;

    /// <summary>What is told of everything that the function writes; null while nobody wants to know.</summary>
    internal DirtyLog? Log
    {
        get => log;
        set => log = value;
    }

    /// <summary>What else is on the bus of a function that sits on a host; null for one that sits nowhere.</summary>
    internal IBusMemory? Bus { get; set; }

    /// <summary>What everything that the function does with memory passes; null for nothing.</summary>
    internal IFunctionTap? Tap { get; set; }

    /// <summary>
    /// Whether the function may reach memory at all: it is master of its bus, and its host has not stopped it. Who holds leases over time looks here
    /// before using them.
    /// </summary>
    internal bool IsReachable => configuration.CanMaster && Bus is not { IsStopped: true };

    /// <summary>How many pieces of memory the function can reach.</summary>
    internal int Count => regions.Count;

    /// <summary>How many bytes those have.</summary>
    internal ulong Bytes => regions.Bytes;

    /// <summary>Reads, in no particular widths.</summary>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="destination">Where to; on false it may hold a part.</param>
    /// <returns>Whether all of it could be read.</returns>
    public bool TryRead(Iova address, Span<byte> destination) =>
        destination.IsEmpty || (Tap is { } tap ? tap.TryRead(this, address.Value, destination) : Fetch(address.Value, destination));

    /// <summary>Writes, in no particular widths.</summary>
    /// <param name="address">Where, as the driver gave it.</param>
    /// <param name="source">What; on false a part may have been written.</param>
    /// <returns>Whether all of it could be written.</returns>
    public bool TryWrite(Iova address, ReadOnlySpan<byte> source) =>
        source.IsEmpty || (Tap is { } tap ? tap.TryWrite(this, address.Value, source) : Store(address.Value, source));

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
        if (!IsReachable || Tap?.MayLease(address.Value, length, access) == false || regions.Acquire(address.Value, access) is not { } region)
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

    /// <summary>Reads, past the tap.</summary>
    internal bool Fetch(ulong address, Span<byte> destination) =>
        IsReachable && (regions.TryRead(address, destination) || Bus?.TryRead(address, destination) == true);

    /// <summary>Writes, past the tap.</summary>
    internal bool Store(ulong address, ReadOnlySpan<byte> source) =>
        IsReachable && (regions.TryWrite(address, source, log) || Bus?.TryWrite(address, source) == true);

    /// <summary>The function may have written these bytes.</summary>
    internal void NoteWritten(ulong address, ulong length) => log?.Mark(address, length);

    /// <summary>Shows memory to the function; false where other memory is there already.</summary>
    internal bool TryAdd(MemoryRegion region) => regions.TryAdd(region);

    /// <summary>Whether a piece of memory lies in a range and reaches out of it.</summary>
    internal bool IsCutBy(Iova first, Iova last) => regions.IsCutBy(first, last);

    /// <summary>Takes away what lies wholly in a range.</summary>
    /// <returns>The pieces; each is gone when it was closed.</returns>
    internal List<MemoryRegion> Remove(Iova first, Iova last) => regions.Remove(first, last);
}
