using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Dma;

/// <summary>A piece of this process's memory as a backend is asked to show it to the function.</summary>
/// <param name="Iova">Where the function sees it; a multiple of the IOMMU's page.</param>
/// <param name="Address">Where it lies in this process; a multiple of both pages.</param>
/// <param name="Length">Its length in bytes, a multiple of both pages.</param>
/// <param name="Access">What the function may do.</param>
/// <param name="File">
/// The memory file behind it, for backends whose peer is another process; null for memory of the caller's, and when memory is taken away. Open only
/// while memory is being mapped, so that a buffer costs no descriptor: a backend that needs it longer duplicates it.
/// </param>
/// <param name="FileOffset">Where it starts in <paramref name="File"/>.</param>
internal readonly record struct DmaRegion(Iova Iova, nint Address, ulong Length, DmaAccess Access, MemoryFile? File, ulong FileOffset);
