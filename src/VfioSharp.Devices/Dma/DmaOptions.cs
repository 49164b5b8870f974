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

    /// <summary>The alignment of the address in bytes, a power of two; 0 for the page, be it the IOMMU's, the host's or a huge one.</summary>
    public ulong Alignment { get; init; }

    /// <summary>Take the memory from the kernel's reserved huge pages of this size in bytes (2 MiB, 1 GiB); 0 for ordinary pages.</summary>
    public long HugePageSize { get; init; }

    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void Check()
    {
        if (Access is DmaAccess.None || (Access & ~DmaAccess.ReadWrite) != 0)
        {
            throw new ArgumentException($"{nameof(Access)} {Access} is neither read, nor write, nor both");
        }

        if (AddressMask == 0 || (AddressMask & unchecked(AddressMask + 1)) != 0)
        {
            throw new ArgumentException($"{nameof(AddressMask)} 0x{AddressMask:x} is not a row of ones");
        }

        if (Alignment != 0 && !ulong.IsPow2(Alignment))
        {
            throw new ArgumentException($"{nameof(Alignment)} 0x{Alignment:x} is no power of two");
        }

        if (HugePageSize != 0 && (!long.IsPow2(HugePageSize) || HugePageSize <= Environment.SystemPageSize))
        {
            throw new ArgumentException($"{nameof(HugePageSize)} 0x{HugePageSize:x} is no power of two above the host's page");
        }
    }

    /// <summary>As <see cref="Check"/>, for memory that is there already.</summary>
    /// <exception cref="ArgumentException">A value is out of its range.</exception>
    internal void CheckForeign()
    {
        Check();
        if (HugePageSize != 0)
        {
            throw new ArgumentException($"{nameof(HugePageSize)} is for memory that is to be allocated; memory of the caller's has its pages already");
        }
    }
}
