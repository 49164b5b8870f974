using System.Collections.Immutable;
using System.Runtime.InteropServices;

namespace VfioSharp.Devices.Dma;

/// <summary>What a function sees of memory: nothing but what is allocated or mapped here.</summary>
public sealed class DmaSpace
{
    internal DmaSpace(PciFunction function, DmaLimits limits)
    {
        _ = function;
        Ranges = limits.Ranges;
        PageSize = limits.PageSizes & (~limits.PageSizes + 1);
    }

    /// <summary>The addresses that the function can use, ascending and apart; the reserved ones, such as the MSI window, are left out.</summary>
    public ImmutableArray<IovaRange> Ranges { get; }

    /// <summary>The IOMMU's smallest page in bytes: mappings are multiples of it.</summary>
    public ulong PageSize { get; }

    /// <summary>Takes zeroed memory and shows it to the function.</summary>
    /// <param name="length">In bytes, at least 1; rounded up to whole pages, and what is rounded belongs to the buffer's mapping, not to its span.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <returns>The buffer; dispose it to take it away from the function and free it.</returns>
    /// <exception cref="ArgumentException">An option is out of its range, or <see cref="DmaOptions.At"/> is taken or not usable.</exception>
    /// <exception cref="DeviceLostException">The function is gone.</exception>
    /// <exception cref="PciException">There is no memory, no address, or a limit was hit: the message says which (RLIMIT_MEMLOCK, dma_entry_limit…).</exception>
    public DmaBuffer Allocate(long length, DmaOptions? options = null) => throw new NotImplementedException();

    /// <summary>Shows memory of the caller's to the function: a view of a memory-mapped file, or any other <see cref="SafeBuffer"/>.</summary>
    /// <param name="memory">Aligned to pages at both ends; kept alive until the buffer is disposed.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <inheritdoc cref="Allocate"/>
    public DmaBuffer Map(SafeBuffer memory, DmaOptions? options = null) => throw new NotImplementedException();

    /// <summary>Pins memory of the caller's and shows it to the function until the buffer is disposed.</summary>
    /// <param name="memory">Aligned to pages at both ends.</param>
    /// <param name="options">What the function may do and where it sees it.</param>
    /// <inheritdoc cref="Allocate"/>
    public DmaBuffer Pin(Memory<byte> memory, DmaOptions? options = null) => throw new NotImplementedException();

    /// <summary>The function is closed: its mappings are gone with it, the memory stays until the buffers are disposed.</summary>
    internal void Close() => throw new NotImplementedException();
}
