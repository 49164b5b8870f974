using System.Collections.Immutable;
using System.Runtime.InteropServices;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Dma;

/// <summary>What a function sees of memory: nothing but what is allocated or mapped here. Its members may be called from any thread.</summary>
public sealed class DmaSpace
{
    private readonly PciFunction function;
    private readonly IovaAllocator addresses;
    private readonly int maxMappings;
    private readonly IDmaGuard? guard;

    // Held over calls to the backend: an address is taken, mapped, unmapped and given back in that order, and nothing is mapped into a closed function.
    private readonly Lock gate = new();
    private readonly HashSet<DmaBuffer> buffers = [];
    private bool closed;

    internal DmaSpace(PciFunction function, DmaLimits limits)
    {
        this.function = function;
        Ranges = limits.Ranges;
        PageSize = limits.PageSizes & (~limits.PageSizes + 1);
        Granule = Math.Max(PageSize, Math.Max(function.Shape.PageSize, (ulong)Environment.SystemPageSize));
        maxMappings = limits.MaxMappings;
        guard = limits.Guard;
        addresses = limits.Addresses ?? new IovaAllocator(limits.Ranges, Granule);
    }

    /// <summary>The addresses that the function can use, ascending and apart; the reserved ones, such as the MSI window, are left out.</summary>
    public ImmutableArray<IovaRange> Ranges { get; }

    /// <summary>The IOMMU's smallest page in bytes: mappings are multiples of it.</summary>
    public ulong PageSize { get; }

    /// <summary>The larger of the IOMMU's and the host's page: what mappings and addresses are multiples of.</summary>
    internal ulong Granule { get; }

    internal bool IsHeldByCurrentThread => gate.IsHeldByCurrentThread;

    /// <summary>Takes zeroed memory and shows it to the function.</summary>
    /// <param name="length">In bytes, at least 1; rounded up to whole pages, and what is rounded belongs to the buffer's mapping, not to its span.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <returns>The buffer; dispose it to take it away from the function and free it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or <see cref="DmaOptions.At"/> is taken or not usable.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">There is no memory, no address, or a limit was hit: the message says which (RLIMIT_MEMLOCK, dma_entry_limit…).</exception>
    public DmaBuffer Allocate(long length, DmaOptions? options = null)
    {
        ArgumentOutOfRangeException.ThrowIfLessThan(length, 1);
        options ??= new DmaOptions();
        options.Check();
        ulong page = Math.Max(Granule, (ulong)options.HugePageSize);
        ulong whole = ((ulong)length + page - 1) & ~(page - 1);
        AllocatedMemory memory = AllocatedMemory.Take(function, whole, page, options.HugePageSize, guard is null ? 0 : page, out MemoryFile file);
        using (file)
        {
            if (guard is not null)
            {
                Canary.Plant(memory, length);
            }

            return Show(memory, file, (ulong)length, options);
        }
    }

    /// <summary>Shows memory of the caller's to the function: a view of a memory-mapped file, or any other <see cref="SafeBuffer"/>.</summary>
    /// <param name="memory">Aligned to pages at both ends; kept alive until the buffer is disposed.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <inheritdoc cref="Allocate"/>
    public DmaBuffer Map(SafeBuffer memory, DmaOptions? options = null)
    {
        ArgumentNullException.ThrowIfNull(memory);
        options ??= new DmaOptions();
        options.CheckForeign();
        return ShowForeign(new BorrowedMemory(memory), options);
    }

    /// <summary>Pins memory of the caller's and shows it to the function until the buffer is disposed.</summary>
    /// <param name="memory">Aligned to pages at both ends.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <inheritdoc cref="Allocate"/>
    public DmaBuffer Pin(Memory<byte> memory, DmaOptions? options = null)
    {
        options ??= new DmaOptions();
        options.CheckForeign();
        return ShowForeign(new PinnedMemory(memory), options);
    }

    /// <summary>
    /// The function is being closed: all memory is taken away from it. The memory itself stays until its buffers are disposed or, as nothing roots them
    /// any more, collected.
    /// </summary>
    internal void Close()
    {
        lock (gate)
        {
            closed = true;
            foreach (DmaBuffer buffer in buffers.ToArray())
            {
                // A backend may dispose buffers meanwhile, on this thread.
                if (buffers.Remove(buffer))
                {
                    UnmapAtLast(buffer);
                }
            }
        }
    }

    /// <summary>Takes a buffer's memory away from the function, frees it, and only then lets its address be used again.</summary>
    internal void Release(DmaBuffer buffer)
    {
        lock (gate)
        {
            if (buffer.IsDisposed)
            {
                return;
            }

            bool isMapped = buffers.Contains(buffer);
            DmaRegion region = buffer.Region;
            if (isMapped)
            {
                function.UnmapDmaCore(region);
                buffers.Remove(buffer);
                Examine(buffer);
            }

            buffer.Free();
            if (isMapped)
            {
                GiveBack(buffer, region);
            }
        }
    }

    private DmaBuffer ShowForeign(DmaMemory memory, DmaOptions options)
    {
        ulong first = (ulong)memory.Address;
        ulong end = first + memory.Length;
        if (memory.Length == 0 || ((first | end) & (Granule - 1)) != 0)
        {
            memory.Dispose();
            throw new ArgumentException(
                $"the memory starts at 0x{first:x} and ends before 0x{end:x}: both must be multiples of 0x{Granule:x} and apart", nameof(memory));
        }

        return Show(memory, null, memory.Length, options);
    }

    // Owns the memory from here on, whatever happens.
    private DmaBuffer Show(DmaMemory memory, MemoryFile? file, ulong length, DmaOptions options)
    {
        try
        {
            lock (gate)
            {
                ObjectDisposedException.ThrowIf(closed, function);
                function.ThrowIfGone("map memory");
                if (buffers.Count >= maxMappings)
                {
                    throw TooMany();
                }

                // A guarded buffer has addresses before it that lead nowhere, hence behind it too.
                ulong gap = guard is null || options.At is not null ? 0 : Math.Max(Granule, Math.Max(options.Alignment, (ulong)options.HugePageSize));
                Iova iova = TakeAddress(memory.Length + gap, options) + gap;
                var buffer = new DmaBuffer(this, memory, iova, length, options.Access) { Gap = gap };
                try
                {
                    buffers.Add(buffer);
                    function.MapDmaCore(buffer.Region with { File = file });
                    return buffer;
                }
                catch
                {
                    buffers.Remove(buffer);
                    GiveBack(buffer, buffer.Region);
                    throw;
                }
            }
        }
        catch
        {
            memory.Dispose();
            throw;
        }
    }

    private Iova TakeAddress(ulong length, DmaOptions options)
    {
        if (options.At is { } at)
        {
            ulong alignment = Math.Max(options.Alignment, Granule);
            bool isUsable = (at.Value & (alignment - 1)) == 0 && at.Value <= options.AddressMask && options.AddressMask - at.Value >= length - 1;
            return isUsable && addresses.TryTakeAt(at, length) ? at : throw new ArgumentException(
                $"0x{length:x} bytes at {at} cannot be used: either they are in use, or no multiple of 0x{alignment:x}, or not within the function's "
                + $"0x{options.AddressMask:x} and its ranges {DescribeRanges()}",
                nameof(options));
        }

        // Addresses aligned as the memory is let the IOMMU use large pages too.
        if (Ranges.IsEmpty)
        {
            throw new PciException("map memory", $"{function.Name} can be shown no memory: nothing translates its addresses", function.Address, (int)Errno.ENOSPC);
        }

        ulong wanted = options.Alignment != 0 ? options.Alignment : (ulong)options.HugePageSize;
        return addresses.TryTake(length, wanted, options.AddressMask, out Iova iova) ? iova : throw new PciException(
            "map memory",
            $"{function.Name}: no 0x{length:x} free addresses up to 0x{options.AddressMask:x}, aligned to 0x{Math.Max(wanted, Granule):x}, are left in its "
            + $"ranges {DescribeRanges()}: dispose buffers or ask for less",
            function.Address,
            (int)Errno.ENOSPC);
    }

    private PciException TooMany() => new(
        "map memory",
        $"{function.Name}: it has {buffers.Count} buffers, and its IOMMU's container takes no more: use fewer, longer ones, or load vfio_iommu_type1 with a "
        + "higher dma_entry_limit (/sys/module/vfio_iommu_type1/parameters/dma_entry_limit)",
        function.Address,
        (int)Errno.ENOSPC);

    private string DescribeRanges() => Ranges.IsEmpty ? "(none)" : string.Join(", ", Ranges);

    private void UnmapAtLast(DmaBuffer buffer)
    {
        try
        {
            function.UnmapDmaCore(buffer.Region);
            Examine(buffer);
            GiveBack(buffer, buffer.Region); // others may share them
        }
        catch (PciException)
        {
            // What the backend could not take away ends with the backend, which is closed next.
        }
    }

    private void GiveBack(DmaBuffer buffer, in DmaRegion region) => addresses.Release(new Iova(region.Iova.Value - buffer.Gap), region.Length + buffer.Gap);

    private void Examine(DmaBuffer buffer)
    {
        if (guard is not null && buffer.FindOverrun() is >= 0 and long at)
        {
            guard.OnOverrun(buffer.Iova, buffer.Length, at);
        }
    }
}
