namespace VfioSharp.Devices.Dma;

/// <summary>How memory for DMA is to be had and where the function is to see it.</summary>
public sealed record DmaOptions
{
    /// <summary>What the function may do with it; both by default.</summary>
    public DmaAccess Access { get; init; } = DmaAccess.ReadWrite;

    /// <summary>The highest address that the function can send, as a mask of its address bits: 0xfff_ffff for one with 28. All by default.</summary>
    public ulong AddressMask { get; init; } = ulong.MaxValue;

    /// <summary>The exact address to use; null leaves the choice to the allocator.</summary>
    public Iova? At { get; init; }

    /// <summary>The alignment of the address in bytes, a power of two; 0 for the IOMMU's page.</summary>
    public ulong Alignment { get; init; }

    /// <summary>Take the memory from the kernel's reserved huge pages of this size in bytes (2 MiB, 1 GiB); 0 for ordinary pages.</summary>
    public long HugePageSize { get; init; }
}
