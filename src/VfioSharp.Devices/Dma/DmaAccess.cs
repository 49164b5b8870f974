namespace VfioSharp.Devices.Dma;

/// <summary>What the function may do with memory, from the function's side (<c>VFIO_DMA_MAP_FLAG_READ</c>, <c>_WRITE</c>).</summary>
[Flags]
public enum DmaAccess
{
    /// <summary>Nothing; not a valid choice.</summary>
    None = 0,

    /// <summary>The function reads the memory.</summary>
    Read = 1,

    /// <summary>The function writes the memory.</summary>
    Write = 2,

    /// <summary>Both.</summary>
    ReadWrite = Read | Write,
}
