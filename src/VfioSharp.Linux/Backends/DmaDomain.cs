using VfioSharp.Devices.Dma;
using VfioSharp.Devices.Interop;

namespace VfioSharp.Linux.Backends;

/// <summary>What the functions of a group see of memory, as one of the kernel's interfaces keeps it.</summary>
internal abstract class DmaDomain
{
    /// <summary>What the functions can address.</summary>
    public required DmaLimits Limits { get; init; }

    /// <summary>Shows memory to the functions.</summary>
    public abstract Errno Map(in DmaRegion region);

    /// <summary>Takes memory away; once this returns they reach it no more.</summary>
    public abstract Errno Unmap(in DmaRegion region);
}
