using VfioSharp.Devices.Dma;

namespace VfioSharp.Devices.Emulation;

/// <summary>Memory of a peer's, mapped here and touched directly: sealed against being cut short, or trusted.</summary>
/// <param name="start">Where the function sees it.</param>
/// <param name="mapping">Where it is mapped; unmapped when the region is closed.</param>
/// <param name="length">In bytes.</param>
/// <param name="access">What the function may do.</param>
internal sealed class MappedFileRegion(Iova start, PeerMapping mapping, ulong length, DmaAccess access) : AddressRegion(start, mapping.Address, length, access)
{
    /// <inheritdoc/>
    protected override void OnClosed() => mapping.Dispose();
}
