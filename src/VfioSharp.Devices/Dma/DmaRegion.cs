using VfioSharp.Devices.Interop;

namespace VfioSharp.Devices.Dma;

/// <summary>A piece of this process's memory as a backend is asked to show it to the function.</summary>
/// <param name="Iova">Where the function sees it; a multiple of the IOMMU's page.</param>
/// <param name="Address">Where it lies in this process; a multiple of the host's page.</param>
/// <param name="Length">Its length in bytes, a multiple of both pages.</param>
/// <param name="Access">What the function may do.</param>
/// <param name="File">The memory file behind it, for backends whose peer is another process; null for memory of the caller's.</param>
/// <param name="FileOffset">Where it starts in <paramref name="File"/>.</param>
internal readonly record struct DmaRegion(Iova Iova, nint Address, ulong Length, DmaAccess Access, MemoryFile? File, ulong FileOffset);
